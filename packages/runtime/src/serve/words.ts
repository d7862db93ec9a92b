import { decodeText, mismatch } from '../text-files.ts'
import { type FindWord, specialWords, WordList } from '../word-list.ts'
import { webAssembly } from './web-assembly.ts'

/**
 * The vocabulary of a packed student, one word a line.
 * @param source names the file in errors
 * @throws KdError of kind `format` or `mismatch`
 */
export function wordsOf(lines: Uint8Array, size: number, source: string, module: object | undefined): WordList {
  const text = decodeText(lines, source)
  const find = module ? indexed(module, lines, size) : listed(text, size)
  if (find && text.startsWith(`${specialWords.join('\n')}\n`) && !/[^\S\n]/.test(text)) return new WordList(find)
  throw mismatch(`its lines are not ${size} different words, ${specialWords.join(', ')} first`, source, 'vocabulary')
}

interface Exports {
  index(bytes: number, most: number): number
  find(): number
}

const encoder = new TextEncoder()

/** Looks words up in the file's bytes: to make strings and a Map of them takes ten times as long. */
function indexed(module: object, lines: Uint8Array, size: number): FindWord | undefined {
  // Before the text as much again for the word that is asked for; behind it up to five numbers for each word.
  const memory = new webAssembly!.Memory({ initial: 1 + Math.ceil((2 * lines.length + 20 * size) / 65_536) })
  const { index, find } = new webAssembly!.Instance(module, { env: { memory } }).exports as Exports
  const text = new Uint8Array(memory.buffer)
  text.set(lines, lines.length)
  if (index(lines.length, size) !== size) return undefined
  const known = new Map<string, number>()
  return (word) => {
    let id = known.get(word) ?? -1
    if (id >= 0) return id
    const line = encoder.encode(`${word}\n`)
    if (line.length > lines.length) return -1
    text.set(line)
    if ((id = find()) >= 0) known.set(word, id)
    return id
  }
}

function listed(text: string, size: number): FindWord | undefined {
  const words = text.split('\n')
  const cut = words.pop()
  const ids = new Map(words.map((word, id) => [word, id]))
  return cut || words.length !== size || ids.size !== size || ids.has('') ? undefined : (word) => ids.get(word) ?? -1
}
