import { KdError } from '@kd/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inFolder, tinyFiles } from '../../test/tiny-model.ts'
import { BertTeacher } from '../teacher.ts'
import { multiply, multiplyPlainly } from './multiply.ts'
import { principalComponents } from './principal-components.ts'

describe('wordVectors', () => {
  let teacher: BertTeacher
  beforeAll(async () => {
    teacher = await inFolder(await tinyFiles(), (folder) => BertTeacher.load(folder, { threads: 1 }))
  })
  afterAll(() => teacher.dispose())

  it('are means of pieces, with NaN for words of unknown pieces', async () => {
    const vectors = teacher.wordVectors({ dimensions: 32 })
    expect(vectors.dimensions).toBe(32)
    const found = await vectors.vectorsFor(['a', 'ab', 'b', 'film', '東', '', 'FILM'])
    const row = (index: number) => [...found.subarray(index * 32, (index + 1) * 32)]
    expect(row(3)).toEqual(row(6))
    for (const missing of [4, 5]) expect(row(missing).every(Number.isNaN)).toBe(true)
    for (const known of [0, 1, 2, 3]) expect(row(known).every(Number.isFinite)).toBe(true)
    expect(row(1)).not.toEqual(row(0))
  })

  it('keep distances when all components are kept, and are the first components when fewer are', async () => {
    const words = ['a', 'b', 'film', 'good']
    const whole = await teacher.wordVectors({ dimensions: 32, scale: 1 }).vectorsFor(words)
    const part = await teacher.wordVectors({ dimensions: 5, scale: 1 }).vectorsFor(words)
    const ratio = part[0]! / whole[0]!
    words.forEach((_, row) => {
      for (let k = 0; k < 5; k++) expect(part[row * 5 + k]).toBeCloseTo(whole[row * 32 + k]! * ratio, 4)
    })
  })

  it('have the asked root mean square over the vocabulary', async () => {
    const words = [...'abcdefghijklmnopqrstuvwxyz', 'film', 'good', 'bad']
    const vectors = await teacher.wordVectors({ dimensions: 16, scale: 0.3 }).vectorsFor(words)
    const rootMeanSquare = Math.sqrt(vectors.reduce((sum, value) => sum + value ** 2, 0) / vectors.length)
    expect(rootMeanSquare).toBeGreaterThan(0.2)
    expect(rootMeanSquare).toBeLessThan(0.4)
  })

  it('are the same each time', async () => {
    const [first, second] = await Promise.all([1, 2].map(() => teacher.wordVectors({ dimensions: 8 }).vectorsFor(['film', 'ab'])))
    expect(first).toEqual(second)
    expect(await teacher.wordVectors({ dimensions: 8 }).vectorsFor([])).toHaveLength(0)
  })

  it.each([{ dimensions: 0 }, { dimensions: 33 }, { dimensions: 1.5 }, { dimensions: 8, scale: 0 }])('refuse %j', (options) => {
    expect(() => teacher.wordVectors(options)).toThrow(KdError)
  })
})

describe('principalComponents', () => {
  it('finds axes and variances of points on a line, with a positive largest element', async () => {
    const values = Float32Array.of(1, -2, 2, -4, 3, -6, 4, -8)
    const { mean, axes, variances } = await principalComponents({ values, rows: 4, columns: 2 })
    expect([...mean]).toEqual([2.5, -5])
    expect(axes.values[0]).toBeCloseTo(-1 / Math.sqrt(5), 5)
    expect(axes.values[2]).toBeCloseTo(2 / Math.sqrt(5), 5)
    expect(variances[0]).toBeCloseTo(5 * 1.25, 4)
    expect(variances[1]).toBeCloseTo(0, 4)
  })
})

it.each([false, true])('multiply is the same natively and plainly, transposed: %s', async (transposeA) => {
  const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * seed))
  const a = { values: values(15, 1.1), rows: transposeA ? 5 : 3, columns: transposeA ? 3 : 5 }
  const b = { values: values(20, 0.7), rows: 5, columns: 4 }
  const plain = multiplyPlainly(a, b, transposeA)
  const native = await multiply(a, b, transposeA)
  expect(native).toHaveLength(12)
  native.forEach((value, i) => {
    expect(value).toBeCloseTo(plain[i]!, 5)
  })
})
