import type { PackedRows } from '@kd/runtime'

/** Numbers of one scale, at most, where they have 4 bits: a long vector in 4 bits needs more scales than one. */
const mostInGroup = 100
/** Shares of the largest number that the largest of 4 bits may stand for: clipping few costs less than coarse steps. */
const clips = Array.from({ length: 13 }, (_, step) => 1 - 0.04 * step)

/**
 * Word vectors in whole numbers of 8 or 4 bits.
 * @param rows row-major `[words, inputs]`, of each channel `inputs / channels` side by side
 */
export function packRows(rows: Float32Array, { inputs, channels, bits }: { inputs: number; channels: number; bits: 4 | 8 }): PackedRows {
  const words = rows.length / inputs
  const groups = bits === 8 ? channels : groupsOf(inputs, channels)
  const size = inputs / groups
  const scales = new Float32Array(words * groups)
  const numbers = new Int8Array(rows.length)
  const most = bits === 8 ? 127 : 7
  for (let group = 0; group < scales.length; group++) {
    const values = rows.subarray(group * size, (group + 1) * size)
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const scale = bits === 8 ? Math.fround(largest / most) : bestScale(values, largest)
    scales[group] = scale
    if (scale > 0) for (let i = 0; i < size; i++) numbers[group * size + i] = clamped(values[i]! / scale, most)
  }
  if (bits === 8) return { bits, values: numbers, scales }
  const bytes = Math.ceil(inputs / 2)
  const halves = new Uint8Array(words * bytes).fill(0x88)
  for (let word = 0; word < words; word++) {
    for (let i = 0; i < inputs; i++) {
      const at = word * bytes + (i >> 1)
      const half = numbers[word * inputs + i]! + 8
      halves[at] = i & 1 ? (halves[at]! & 0x0f) | (half << 4) : (halves[at]! & 0xf0) | half
    }
  }
  return { bits, values: halves, scales }
}

/** The fewest equal groups that do not cross channels and are small enough. */
function groupsOf(inputs: number, channels: number): number {
  let groups = channels
  while (inputs / groups > mostInGroup || inputs % groups !== 0) groups += channels
  return groups
}

const clamped = (value: number, most: number) => Math.max(-most, Math.min(most, Math.round(value)))

/** The scale of 4 bits with the least squared error. */
function bestScale(values: Float32Array, largest: number): number {
  // What is not finite stays so, and is refused when it is written.
  let best = Number.isFinite(largest) ? 0 : largest
  let least = Number.POSITIVE_INFINITY
  for (const clip of clips) {
    const scale = Math.fround((largest * clip) / 7)
    if (scale === 0) return 0
    let error = 0
    for (const value of values) error += (value - clamped(value / scale, 7) * scale) ** 2
    if (error < least) [best, least] = [scale, error]
  }
  return best
}
