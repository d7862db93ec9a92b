import { createReadStream } from 'node:fs'
import { KdError } from '@kd/core'

const lineFeed = 0x0a
/** A line of 1,000 numbers has some 20 KB: what is longer is no text of lines. */
const longestLine = 2 ** 20

/**
 * Reads a file in pieces and gives each line without its end, as bytes that are valid during the call only. Lines count
 * from 1. Reading stops when `each` returns false.
 * @throws KdError of kind `missing`, `io`, or `format` for a line without end
 */
export async function forEachLine(file: string, each: (line: Buffer, number: number) => boolean): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  let number = 0
  const line = (bytes: Buffer) => each(bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes, ++number)
  const stream = createReadStream(file, { highWaterMark: 2 ** 18 })
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
      let start = 0
      for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
        if (!line(bytes.subarray(start, end))) return
        start = end + 1
      }
      rest = bytes.subarray(start)
      if (rest.length > longestLine) throw tooLong(file, number + 1)
    }
    if (rest.length > 0) line(rest)
  } catch (cause) {
    throw KdError.isInstance(cause) ? cause : unreadable(file, cause)
  } finally {
    stream.destroy()
  }
}

const tooLong = (file: string, line: number) =>
  new KdError({
    kind: 'format',
    what: 'the line has more than a million bytes',
    where: { file, line },
    fix: 'Give word vectors as text, one word a line; a binary file of word2vec must be converted first.',
  })

function unreadable(file: string, cause: unknown): KdError {
  const { code } = cause as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new KdError({ kind: 'missing', what: 'there is no such file', where: { file }, fix: 'Check the path.', cause })
    : new KdError({ kind: 'io', what: `reading failed with ${code ?? cause}`, where: { file }, fix: 'Check the path and the disk.', cause })
}
