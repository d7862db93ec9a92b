import { readFileSync } from 'node:fs'

const source = readFileSync(new URL('../fixtures/strings.py', import.meta.url), 'utf8')

/** A list that fixtures/strings.py is written with, between two marks of its text. */
const between = (start: string, end: string): string =>
  source.slice(source.indexOf(start) + start.length, source.indexOf(end, source.indexOf(start)))

const blocks = [...between('BLOCKS = [', '\n]').matchAll(/\((0x\w+), (0x\w+)\)/g)].map(
  ([, first, last]) => [Number(first), Number(last)] as const,
)
const words = [...between('WORDS = (', ').split').matchAll(/"(.*)"/g)]
  .map(([, line]) => line)
  .join('')
  .split(' ')
const separators = [' ', ' ', ' ', ' ', '', '', '  ', '\t', '\n', ' \n', '\u00a0', '\u3000', '\u200b']

/** `count` texts in all scripts from a seed, the same as those of `strings` in fixtures/strings.py. */
export function strings(seed: number, count: number): string[] {
  let state = seed
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % bound
  }
  return Array.from({ length: count }, () => {
    let text = ''
    const parts = 1 + below(8)
    for (let part = 0; part < parts; part++) {
      if (part > 0) text += separators[below(separators.length)]
      if (below(2) === 0) text += words[below(words.length)]
      else {
        const [first, last] = blocks[below(blocks.length)]!
        const characters = 1 + below(5)
        for (let i = 0; i < characters; i++) text += String.fromCodePoint(first + below(last - first + 1))
      }
    }
    return text
  })
}

/** FNV-1a of 32 bits over the ids, as 8 hexadecimal digits. */
export function digest(ids: Iterable<number>): string {
  let value = 0x811c9dc5
  for (const id of ids) value = Math.imul(value ^ id, 0x01000193) >>> 0
  return value.toString(16).padStart(8, '0')
}
