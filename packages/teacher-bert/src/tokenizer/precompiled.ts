import { graphemes } from './graphemes.ts'

/**
 * Sentencepiece's compiled replacements (`precompiled_charsmap`), applied as Hugging Face's Rust code does: of each
 * grapheme of less than 6 bytes, else of each of its characters, the shortest beginning that has a replacement is looked
 * up, and the whole gives way to it.
 *
 * The blob is a double array trie (darts-clone; its size in bytes first, then units of 32 bits) over UTF-8, whose leaves
 * are offsets into the replacements, each ended by a zero byte.
 * @param charsmap base64
 * @throws Error where the blob is damaged
 */
export function precompiledNormalizer(charsmap: string): (text: string) => string {
  const blob = new Uint8Array(Buffer.from(charsmap, 'base64'))
  const trieBytes = blob.length < 4 ? -1 : new DataView(blob.buffer).getUint32(0, true)
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > blob.length) throw new Error('its precompiled_charsmap is damaged')
  const units = new Uint32Array(blob.buffer.slice(4, 4 + trieBytes))
  const replacements = blob.subarray(4 + trieBytes)
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const known = new Map<string, string | undefined>()

  const lookUp = (chunk: string): string | undefined => {
    let node = offset(units[0]!)
    for (const byte of encoder.encode(chunk)) {
      if (byte === 0) break
      node ^= byte
      const unit = units[node]
      if (unit === undefined || (unit & 0x8000_00ff) >>> 0 !== byte) return undefined
      node ^= offset(unit)
      if ((unit >>> 8) & 1) {
        const start = units[node]! & 0x7fff_ffff
        const end = replacements.indexOf(0, start)
        return decoder.decode(replacements.subarray(start, end < 0 ? undefined : end))
      }
    }
    return undefined
  }
  const replaced = (chunk: string): string | undefined => {
    if (!known.has(chunk)) {
      if (known.size >= 100_000) known.clear()
      known.set(chunk, lookUp(chunk))
    }
    return known.get(chunk)
  }

  return (text) => {
    let out = ''
    for (const segment of graphemes(text)) {
      const whole = encoder.encode(segment).length < 6 ? replaced(segment) : undefined
      if (whole !== undefined) out += whole
      else for (const character of segment) out += replaced(character) ?? character
    }
    return out
  }
}

/** Where the children of a unit lie, to be combined with a byte by exclusive or. */
const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
