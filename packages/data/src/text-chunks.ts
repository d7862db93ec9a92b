import { type FileHandle, open } from 'node:fs/promises'
import { KdError, type OnProgress, throwIfAborted } from '@kd/core'
import { readFailed } from '@kd/core/node'

interface TextChunksOptions {
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

const chunkBytes = 1 << 16

/** What a file that is no text begins with, and what to do about it. */
const foreign: readonly { name: string; magic: readonly number[]; fix: string }[] = [
  { name: 'gzip-compressed', magic: [0x1f, 0x8b], fix: 'Unpack it first: gunzip.' },
  { name: 'a zip archive or an Excel workbook', magic: [0x50, 0x4b, 0x03, 0x04], fix: 'Unpack it, or export it as CSV.' },
  { name: 'a Parquet file', magic: [0x50, 0x41, 0x52, 0x31], fix: "Read it with format: 'parquet'." },
  { name: 'UTF-16 text', magic: [0xff, 0xfe], fix: 'Save it as UTF-8.' },
  { name: 'UTF-16 text', magic: [0xfe, 0xff], fix: 'Save it as UTF-8.' },
]

/**
 * A UTF-8 file's text piece by piece, without its byte order mark.
 * @throws KdError of kind `missing`, `io`, `aborted`, or `data` for bytes that are no UTF-8 text
 */
export async function* textChunks(file: string, { signal, onProgress }: TextChunksOptions = {}): AsyncGenerator<string> {
  const begun = performance.now()
  let line = 1
  let done = 0
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const handle = await open(file).catch((cause) => {
    throw readFailed(file, cause)
  })
  try {
    const total = await sizeOf(handle, file)
    for (;;) {
      throwIfAborted(signal)
      const bytes = await readChunk(handle, file)
      if (done === 0) refuseForeign(bytes, file)
      const text = decode(decoder, bytes, file, line)
      done += bytes.length
      if (text.includes('\u0000')) {
        throw notText(file, line + countLines(text.slice(0, text.indexOf('\u0000'))), 'it holds a zero byte: this is no text file')
      }
      line += countLines(text)
      if (bytes.length > 0)
        onProgress?.({ stage: 'read', name: file, done, total, unit: 'bytes', seconds: (performance.now() - begun) / 1000 })
      if (text) yield text
      if (bytes.length === 0) return
    }
  } finally {
    await handle.close()
  }
}

async function sizeOf(handle: FileHandle, file: string): Promise<number> {
  try {
    return (await handle.stat()).size
  } catch (cause) {
    throw readFailed(file, cause)
  }
}

async function readChunk(handle: FileHandle, file: string): Promise<Uint8Array> {
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(chunkBytes), 0, chunkBytes)
    return buffer.subarray(0, bytesRead)
  } catch (cause) {
    throw readFailed(file, cause)
  }
}

function refuseForeign(bytes: Uint8Array, file: string): void {
  const kind = foreign.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte))
  if (kind) throw new KdError({ kind: 'data', what: `it is ${kind.name}, not a text file in UTF-8`, where: { file }, fix: kind.fix })
}

/** The bytes as text; no bytes mean the end, where a half-written character is an error too. */
function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array, file: string, line: number): string {
  try {
    return decoder.decode(bytes, { stream: bytes.length > 0 })
  } catch (cause) {
    const [before = ''] = new TextDecoder().decode(bytes).split('\ufffd')
    throw notText(file, line + countLines(before), 'it holds bytes that are not UTF-8', cause)
  }
}

function notText(file: string, line: number, what: string, cause?: unknown): KdError {
  return new KdError({ kind: 'data', what, where: { file, line }, fix: 'Save it as UTF-8, or fetch it again if it was cut off.', cause })
}

function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++
  return count
}
