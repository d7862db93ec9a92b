import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from './float16.ts'

const all = Uint16Array.from({ length: 65_536 }, (_, i) => i)

describe('float16', () => {
  it('has every half value come back from single precision', () => {
    const singles = float16ToFloat32(all)
    const back = float32ToFloat16(singles)
    const wrong = [...all].filter((half, i) => (Number.isNaN(singles[i]!) ? back[i] !== 0x7e00 : back[i] !== half))
    expect(wrong).toEqual([])
    expect(singles.filter((value) => Number.isNaN(value))).toHaveLength(2 * 1023)
  })

  // Values of IEEE 754-2019, table 3.5 and its neighbours.
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3c00, 1],
    [0x3c01, 1 + 2 ** -10],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
  ])('0x%x is %d', (half, value) => {
    expect(float16ToFloat32(Uint16Array.of(half))[0]).toBe(value)
    expect(float32ToFloat16(Float32Array.of(value))[0]).toBe(half)
  })

  it.each([
    [1 + 2 ** -11, 0x3c00, 'a tie goes to the even neighbour below'],
    [1 + 3 * 2 ** -11, 0x3c02, 'a tie goes to the even neighbour above'],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01, 'above a tie goes up'],
    [2 - 2 ** -12, 0x4000, 'rounding carries into the exponent'],
    [2 ** -14 - 2 ** -26, 0x0400, 'rounding carries out of the subnormals'],
    [2 ** -25, 0x0000, 'half the smallest is a tie with zero'],
    [65519, 0x7bff, 'below the tie with infinity'],
    [65520, 0x7c00, 'the tie with infinity'],
    [-1e30, 0xfc00, 'far beyond the range'],
  ])('rounds %d to 0x%x: %s', (value, half) => {
    expect(float32ToFloat16(Float32Array.of(value))[0]).toBe(half)
  })

  it('rounds to the nearest', () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const half = float32ToFloat16(Float32Array.of(value))[0]!
        const [here, above, below] = float16ToFloat32(Uint16Array.of(half, half + 1, Math.max(half & 0x8000, half - 1)))
        expect(Math.abs(here! - value)).toBeLessThanOrEqual(Math.abs(above! - value))
        expect(Math.abs(here! - value)).toBeLessThanOrEqual(Math.abs(below! - value))
      }),
    )
  })
})

describe('bfloat16', () => {
  it('is the upper half of the single-precision value, for every value', () => {
    const singles = bfloat16ToFloat32(all)
    const bits = new Uint32Array(singles.buffer)
    expect([...all].filter((half, i) => bits[i] !== half * 65_536)).toEqual([])
  })
})
