import { basename } from 'node:path'
import { KdError, type WordVectors } from '@kd/core'
import { forEachLine } from './file-lines.ts'

/** What the first line tells. */
interface Head {
  readonly dimensions: number
  /** How many vectors the file says it has; absent without a header line. */
  readonly count: number | undefined
}

/**
 * Word vectors of a text file, one word a line and its numbers behind it, as word2vec (with a header line: how many
 * words, how many dimensions), GloVe and fastText write them. The file is read in pieces at each `vectorsFor`, and only
 * the vectors asked for are kept. A word that
 * the file has with capitals only gets the first such vector.
 * @throws KdError of kind `missing`, `io`, or `format` with the file and the line
 */
export async function readVectors(file: string): Promise<WordVectors> {
  let head: Head | undefined
  await forEachLine(file, (line) => {
    head = readHead(line, file)
    return false
  })
  if (!head) throw malformed('the file is empty', file, 1)
  const { dimensions, count } = head
  return { name: basename(file), dimensions, vectorsFor: (words) => vectorsFor(words, file, { dimensions, count }) }
}

function readHead(line: Buffer, file: string): Head {
  const fields = fieldsOf(line.toString('utf8'))
  if (fields.length === 2 && fields.every((field) => /^[1-9]\d*$/.test(field))) {
    return { count: Number(fields[0]), dimensions: Number(fields[1]) }
  }
  // Words with spaces are met further down; the first line of a file is a frequent word, or a mark without any.
  const dimensions = fields.length - 1
  if (dimensions < 1 || !fields.slice(1).every(isNumber)) {
    throw malformed('a word and its numbers, or a header of two numbers, should stand there', file, 1)
  }
  return { dimensions, count: undefined }
}

async function vectorsFor(words: readonly string[], file: string, { dimensions, count }: Head): Promise<Float32Array> {
  const values = new Float32Array(words.length * dimensions).fill(Number.NaN)
  const rows = new Map<string, number[]>()
  words.forEach((word, row) => {
    const same = rows.get(word)
    if (same) same.push(row)
    else rows.set(word, [row])
  })
  const exact = new Set<string>()
  const inLowerCase = new Set<string>()
  let last: { line: string; number: number } | undefined
  let vectors = 0
  await forEachLine(file, (line, number) => {
    if (number === 1 && count !== undefined) return true
    vectors++
    last = undefined
    const space = line.indexOf(0x20, 1)
    const word = line.toString('utf8', 0, space < 0 ? line.length : space)
    const lower = word.toLowerCase()
    if (!rows.has(word) && !rows.has(lower)) {
      // The last line may have been cut: it is looked at even if nobody asked for its word.
      last = { line: line.toString('utf8'), number }
      return true
    }
    const { name, vector } = readVector(line.toString('utf8'), dimensions, file, number)
    const known = rows.has(name) ? name : name.toLowerCase()
    const first = known === name ? !exact.has(known) : !exact.has(known) && !inLowerCase.has(known)
    if (!rows.has(known) || !first) return true
    ;(known === name ? exact : inLowerCase).add(known)
    for (const row of rows.get(known)!) values.set(vector, row * dimensions)
    return true
  })
  if (last) readVector(last.line, dimensions, file, last.number)
  if (count !== undefined && vectors !== count) {
    throw malformed(`its header promises ${count} vectors, it has ${vectors}`, file, undefined)
  }
  return values
}

/** The word is what stands before the last `dimensions` numbers: some files have words with spaces. */
function readVector(line: string, dimensions: number, file: string, number: number): { name: string; vector: Float32Array } {
  const fields = fieldsOf(line)
  const numbers = fields.slice(-dimensions)
  if (fields.length <= dimensions || !numbers.every(isNumber)) {
    throw malformed(`the line has ${fields.length} fields, not a word and ${dimensions} numbers`, file, number)
  }
  return { name: fields.slice(0, -dimensions).join(' '), vector: Float32Array.from(numbers, Number) }
}

const fieldsOf = (line: string): string[] => line.trimEnd().split(' ')

const isNumber = (field: string): boolean => field !== '' && Number.isFinite(Number(field))

const malformed = (what: string, file: string, line: number | undefined) =>
  new KdError({
    kind: 'format',
    what,
    where: { file, line },
    fix: 'Give word vectors as text, one word a line; fetch the file again if it may be cut.',
  })
