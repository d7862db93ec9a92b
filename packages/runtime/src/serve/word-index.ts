import { webAssembly } from './web-assembly.ts'

/** Id of a word, or -1. */
export type FindWord = (word: string) => number

interface Exports {
  index(text: number, bytes: number, most: number, ends: number, table: number, mask: number): number
}

const encoder = new TextEncoder()

/**
 * Looks words up in a vocabulary's bytes, one word a line: to make strings and a Map of them takes ten times as long.
 * @returns undefined where the bytes are not so many different words: `Vocabulary.fromText` says why
 */
export function indexWords(module: object, bytes: Uint8Array, words: number): FindWord | undefined {
  const mask = 2 ** Math.ceil(Math.log2(2 * words)) - 1
  const ends = 4 * Math.ceil(bytes.length / 4)
  const table = ends + 4 * words
  const memory = new webAssembly!.Memory({ initial: Math.ceil((table + 4 * (mask + 1)) / 65_536) })
  const { index } = new webAssembly!.Instance(module, { env: { memory } }).exports as Exports
  const text = new Uint8Array(memory.buffer)
  const numbers = new Int32Array(memory.buffer)
  text.set(bytes)
  if (index(0, bytes.length, words, ends, table, mask) !== words) return undefined
  return (word) => {
    const letters = encoder.encode(word)
    let hash = 0
    for (const letter of letters) hash = Math.imul(hash ^ letter, 16_777_619)
    for (let place = hash ^ (hash >>> 15); ; place++) {
      const id = numbers[(table >> 2) + (place & mask)]! - 1
      if (id < 0) return -1
      const start = id === 0 ? 0 : numbers[(ends >> 2) + id - 1]! + 1
      if (numbers[(ends >> 2) + id]! - start === letters.length && letters.every((letter, at) => text[start + at] === letter)) return id
    }
  }
}
