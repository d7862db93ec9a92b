import fc from 'fast-check'
import { expect, it } from 'vitest'
import { matrixValues } from '../checkpoint/matrix.ts'
import { largestWeight, quantizeMatrix } from './quantize.ts'

it('keeps every weight within half a step of its row, its largest exactly', () => {
  const row = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
      const values = Float32Array.from(rows.flat())
      const quantized = quantizeMatrix({ rows: rows.length, columns: 5, values })
      matrixValues(quantized).forEach((value, i) => {
        const step = quantized.scales[Math.floor(i / 5)]!
        expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(step * 0.5001 + 1e-30)
      })
      expect(quantized.int8.every((value) => Math.abs(value) <= largestWeight)).toBe(true)
    }),
  )
})

it('leaves room for the sum of two products of bytes in 16 bits', () => {
  expect(2 * 255 * largestWeight).toBeLessThan(2 ** 15)
  expect(2 * 255 * 127).toBeGreaterThan(2 ** 15)
})
