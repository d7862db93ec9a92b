import { KdError } from '@kd/core'
import { OnnxGraph } from '@kd/core/onnx'
import { describe, expect, it } from 'vitest'
import { boundEngine, engine } from './engines/bound.ts'
import { loadOnnx } from './load-onnx.ts'

/** y = table[ids] * 2; b = not a */
function model(): Uint8Array {
  const graph = new OnnxGraph()
  graph.input('table', 'float32', [3, 2])
  graph.input('ids', 'int32', ['n'])
  graph.input('a', 'bool', [2])
  const rows = graph.node('Gather', ['table', 'ids'], { attributes: { axis: 0 } })
  graph.output(graph.node('Mul', [rows, graph.constant('float32', 2)]), 'y', 'float32', ['n', 2])
  graph.output(graph.node('Not', ['a']), 'b', 'bool', [2])
  return graph.toBytes()
}
const table = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }
const a = { data: Uint8Array.of(0, 1), shape: [2] }
const ids = { data: Int32Array.of(2, 0), shape: [2] }

describe('loadOnnx', () => {
  it('runs on the native engine and leaves the feeds to the caller', async () => {
    expect(await engine()).toMatchObject({ name: 'onnxruntime-node', native: true })
    const session = await loadOnnx(model(), { threads: 1 })
    expect([session.inputs, session.outputs]).toEqual([
      ['table', 'ids', 'a'],
      ['y', 'b'],
    ])
    const { y, b } = await session.run({ table, ids, a })
    expect(y).toEqual({ data: Float32Array.of(10, 12, 2, 4), shape: [2, 2] })
    expect(b!.data).toEqual(Uint8Array.of(1, 0))
    expect(table.data.length).toBe(6)
    await session.dispose()
    await expect(session.run({ table, ids, a })).rejects.toThrow('disposed')
  })

  it('keeps inputs between runs, from shared memory too', async () => {
    const shared = { data: new Float32Array(new SharedArrayBuffer(24)), shape: [3, 2] }
    shared.data.set(table.data)
    const session = await loadOnnx(model(), { threads: 1, externalInputs: { table: shared, a } })
    expect((await session.run({ ids })).y!.data).toEqual(Float32Array.of(10, 12, 2, 4))
    await session.keep({ table: { data: table.data.map((value) => value + 1), shape: [3, 2] } })
    expect((await session.run({ ids })).y!.data).toEqual(Float32Array.of(12, 14, 4, 6))
    await session.dispose()
  })

  it('takes denormal numbers for zero, in the worker only', async () => {
    const graph = new OnnxGraph()
    graph.input('x', 'float32', [2])
    graph.output(graph.node('Mul', ['x', graph.constant('float32', 0.5)]), 'y', 'float32', [2])
    const session = await loadOnnx(graph.toBytes(), { threads: 1 })
    expect((await session.run({ x: { data: Float32Array.of(1e-40, 1), shape: [2] } })).y!.data).toEqual(Float32Array.of(0, 0.5))
    expect(Number.MIN_VALUE * 1).toBeGreaterThan(0)
    await session.dispose()
  })

  it('answers many runs at once in order', async () => {
    const session = await loadOnnx(model(), { threads: 1, externalInputs: { table, a } })
    const runs = await Promise.all([0, 1, 2].map((id) => session.run({ ids: { data: Int32Array.of(id), shape: [1] } })))
    expect(runs.map(({ y }) => [...y!.data])).toEqual([
      [2, 4],
      [6, 8],
      [10, 12],
    ])
    await session.dispose()
  })

  it('runs side by side where asked to, each worker with what is kept', async () => {
    const session = await loadOnnx(model(), { threads: 1, atOnce: 2, externalInputs: { table, a } })
    expect(session.atOnce).toBe(2)
    await session.keep({ table: { data: table.data.map((value) => value + 1), shape: [3, 2] } })
    const runs = await Promise.all([0, 1, 2, 0].map((id) => session.run({ ids: { data: Int32Array.of(id), shape: [1] } })))
    expect(runs.map(({ y }) => y!.data[0])).toEqual([4, 8, 12, 4])
    await session.dispose()
    await expect(session.run({ ids })).rejects.toThrow('disposed')
  })

  it.each([
    ['a foreign file', async () => loadOnnx(Uint8Array.of(1, 2, 3)), 'engine', 'load the model'],
    ['threads', async () => loadOnnx(model(), { threads: 0 }), 'option', 'threads'],
    ['runs at once', async () => loadOnnx(model(), { atOnce: 0.5 }), 'option', 'atOnce'],
    ['a missing input', async () => (await loadOnnx(model(), { threads: 1 })).run({ table, ids }), 'engine', 'input a is missing'],
    ['an unknown input', async () => (await loadOnnx(model(), { threads: 1 })).run({ tables: table }), 'engine', 'it has table, ids, a'],
    [
      'a shape that does not fit',
      async () => (await loadOnnx(model(), { threads: 1 })).run({ ids: { ...ids, shape: [3] } }),
      'engine',
      '3 elements, the data 2',
    ],
    [
      'an index outside',
      async () => (await loadOnnx(model(), { threads: 1 })).run({ table, a, ids: { data: Int32Array.of(7), shape: [1] } }),
      'engine',
      'out of data bounds',
    ],
  ] as const)('refuses %s with a KdError', async (_, run, kind, words) => {
    const error = await run().catch((error: unknown) => error)
    expect(KdError.isInstance(error, kind)).toBe(true)
    expect((error as Error).message).toContain(words)
  })

  it('rejects what was pending when the worker dies, and starts anew', async () => {
    const session = await loadOnnx(model(), { threads: 1, externalInputs: { table, a } })
    const native = await (await boundEngine()).runtime()
    // More than the worker can do before it ends.
    const runs = Promise.allSettled(Array.from({ length: 2000 }, () => session.run({ ids })))
    await native.stop()
    const { reason } = (await runs).at(-1) as PromiseRejectedResult
    expect(String(reason)).toContain('the worker that holds ONNX Runtime is gone')
    await expect(session.run({ ids })).rejects.toThrow('load or restore them again')
    await session.dispose()
    const again = await loadOnnx(model(), { threads: 1, externalInputs: { table, a } })
    expect((await again.run({ ids })).y!.data).toEqual(Float32Array.of(10, 12, 2, 4))
    await again.dispose()
  })
})
