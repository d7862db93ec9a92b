import { describe, expect, it } from 'vitest'
import { KdError, throwIfAborted } from './error.ts'

describe('KdError', () => {
  it.each([
    [{}, 'no such class.'],
    [{ where: { file: 'dev.tsv' } }, 'no such class (dev.tsv).'],
    [{ where: { file: 'dev.tsv', line: 3, column: 'label' } }, 'no such class (dev.tsv:3:label).'],
    [{ where: { file: 'dev.tsv', line: 3, column: 2 }, fix: 'Map it.' }, 'no such class (dev.tsv:3:2). Map it.'],
    [{ where: { option: 'labelMap' } }, 'no such class (option labelMap).'],
    [{ where: { tensor: 'w', file: 'm.safetensors' } }, 'no such class (tensor w, m.safetensors).'],
  ])('makes its message of what, where and fix: %j', (facts, message) => {
    const error = new KdError({ kind: 'data', what: 'no such class', ...facts })
    expect(error.message).toBe(message)
    expect(error.name).toBe('KdError')
    expect(error).toMatchObject({ kind: 'data', what: 'no such class', where: {}, ...facts })
  })

  it('keeps its cause', () => {
    const cause = new Error('below')
    expect(new KdError({ kind: 'io', what: 'x', cause }).cause).toBe(cause)
    expect('cause' in new KdError({ kind: 'io', what: 'x' })).toBe(false)
  })

  it('is told by kind, whichever copy of the package made it', () => {
    const error = new KdError({ kind: 'io', what: 'x' })
    const foreign = Object.assign(new Error('x'), { kind: 'io', [Symbol.for('@kd/error')]: true })
    for (const one of [error, foreign]) {
      expect(KdError.isInstance(one)).toBe(true)
      expect(KdError.isInstance(one, 'io')).toBe(true)
      expect(KdError.isInstance(one, 'data')).toBe(false)
    }
    for (const other of [new Error('x'), undefined, null, 'x', { kind: 'io' }]) expect(KdError.isInstance(other)).toBe(false)
  })
})

describe('throwIfAborted', () => {
  it('does nothing before the abort, and throws kind `aborted` with the reason after it', () => {
    const controller = new AbortController()
    throwIfAborted(undefined)
    throwIfAborted(controller.signal)
    controller.abort('enough')
    expect(() => throwIfAborted(controller.signal)).toThrow(expect.objectContaining({ kind: 'aborted', cause: 'enough' }))
  })
})
