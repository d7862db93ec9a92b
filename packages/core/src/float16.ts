const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

/** IEEE half precision to single: exact. */
export function float16ToFloat32(half: Uint16Array, out: Float32Array = new Float32Array(half.length)): Float32Array {
  for (let i = 0; i < half.length; i++) {
    const h = half[i]!
    const exponent = (h >>> 10) & 31
    const fraction = h & 1023
    const sign = h & 0x8000 ? -1 : 1
    if (exponent === 0) out[i] = sign * fraction * 2 ** -24
    else if (exponent === 31) out[i] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    else {
      word[0] = ((h & 0x8000) << 16) | ((exponent + 112) << 23) | (fraction << 13)
      out[i] = float[0]!
    }
  }
  return out
}

/** bfloat16 to single: exact. */
export function bfloat16ToFloat32(half: Uint16Array, out: Float32Array = new Float32Array(half.length)): Float32Array {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length)
  for (let i = 0; i < half.length; i++) bits[i] = half[i]! << 16
  return out
}

/** Single to half precision, to nearest even; beyond 65504 becomes infinite. */
export function float32ToFloat16(values: Float32Array, out: Uint16Array = new Uint16Array(values.length)): Uint16Array {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const magnitude = Math.abs(value)
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
    if (Number.isNaN(value)) out[i] = 0x7e00
    else if (magnitude >= 65520) out[i] = sign | 0x7c00
    else if (magnitude < 2 ** -14) out[i] = sign | roundHalfEven(magnitude * 2 ** 24)
    else {
      const exponent = Math.floor(Math.log2(magnitude))
      const exact = 2 ** exponent > magnitude ? exponent - 1 : 2 ** (exponent + 1) <= magnitude ? exponent + 1 : exponent
      out[i] = sign | (((exact + 15) << 10) + roundHalfEven((magnitude / 2 ** exact - 1) * 1024))
    }
  }
  return out
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
