import { type FileHandle, open } from 'node:fs/promises'
import { KdError, type OnProgress, throwIfAborted } from '@kd/core'
import { readFailed } from '@kd/core/node'
import { type AsyncBuffer, type DecodedArray, type FileMetaData, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Row } from './row.ts'

export interface ParquetFile {
  readonly header: readonly string[]
  /** Rows counted from 1, one row group in memory at a time; cells of columns that are not in `only` are undefined. */
  rows(only?: readonly number[]): AsyncGenerator<Row>
  close(): Promise<void>
}

interface ParquetOptions {
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

/** Rows between two looks at the signal. */
const rowsAtOnce = 1024

/**
 * A Parquet file's columns at the top level, read by hyparquet: any encoding; Snappy, Zstandard, gzip, Brotli, LZ4.
 * @throws KdError of kind `missing`, `io` or `data`
 */
export async function openParquet(file: string, options: ParquetOptions): Promise<ParquetFile> {
  const handle = await open(file).catch((cause) => {
    throw readFailed(file, cause)
  })
  try {
    const buffer = await asyncBuffer(handle, file)
    const metadata = await parquetMetadataAsync(buffer).catch((cause) => {
      throw damaged(file, undefined, cause)
    })
    const header = parquetSchema(metadata).children.map(({ element }) => element.name)
    return {
      header,
      async *rows(only) {
        try {
          yield* rows(file, buffer, metadata, header, only, options)
        } finally {
          await handle.close()
        }
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function* rows(
  file: string,
  buffer: AsyncBuffer,
  metadata: FileMetaData,
  header: readonly string[],
  only: readonly number[] = [...header.keys()],
  { signal, onProgress }: ParquetOptions,
): AsyncGenerator<Row> {
  const begun = performance.now()
  let done = 0
  const names = only.map((position) => header[position]!)
  const scan = await orDamaged(file, 1, () => parquetScan({ file: buffer, metadata, columns: names, compressors }))
  for (const { rowStart, rowEnd } of scan.ranges) {
    throwIfAborted(signal)
    const columns: DecodedArray[] = []
    for (const column of names) columns.push(await orDamaged(file, rowStart + 1, () => scan.readColumn({ column, rowStart, rowEnd })))
    for (let row = 0; row < rowEnd - rowStart; row++) {
      if (row % rowsAtOnce === 0) throwIfAborted(signal)
      const cells: unknown[] = new Array(header.length).fill(undefined)
      only.forEach((position, index) => {
        cells[position] = plain(columns[index]![row])
      })
      yield { line: rowStart + row + 1, cells }
    }
    done = rowEnd
    const seconds = (performance.now() - begun) / 1000
    const share = done / Number(metadata.num_rows)
    onProgress?.({
      stage: 'read',
      name: file,
      done: Math.round(share * buffer.byteLength),
      total: buffer.byteLength,
      unit: 'bytes',
      seconds,
    })
  }
}

/** Whole numbers of 64 bits as numbers, where they fit. */
function plain(cell: unknown): unknown {
  if (typeof cell !== 'bigint') return cell
  return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell)
}

async function asyncBuffer(handle: FileHandle, file: string): Promise<AsyncBuffer> {
  const read = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw readFailed(file, cause)
    }
  }
  const { size } = await read(() => handle.stat())
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = new Uint8Array(Math.max(0, end - start))
      const { bytesRead } = await read(() => handle.read(bytes, 0, bytes.length, start))
      return bytes.buffer.slice(0, bytesRead)
    },
  }
}

async function orDamaged<T>(file: string, line: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw damaged(file, line, cause)
  }
}

function damaged(file: string, line: number | undefined, cause: unknown): KdError {
  if (KdError.isInstance(cause)) return cause
  return new KdError({
    kind: 'data',
    what: `it can't be read as Parquet: ${(cause as Error).message}`,
    where: { file, line },
    fix: 'Fetch or write it again; if it is no Parquet file, say what it is by `format`.',
    cause,
  })
}
