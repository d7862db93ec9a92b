import { type Example, type OnProgress, throwIfAborted } from '@kd/core'
import { type Cell, type Column, type Format, writeTable } from '@kd/data'
import { logitColumns } from './logit-columns.ts'
import type { LogitFile } from './logit-store.ts'
import { textHash } from './text-hash.ts'

export interface ExportOptions {
  /**
   * The texts to write: a row for each that has logits, with `text` (and `pair`). Default: every row of the store, with
   * its `key` alone, since a store keeps no texts.
   */
  examples?: Iterable<Example> | AsyncIterable<Example>
  /** `csv`, `jsonl` or `parquet`. Default: by the file's ending. */
  format?: Format
  signal?: AbortSignal
  /** Stage `save`, in examples. */
  onProgress?: OnProgress
}

const reportEvery = 4096

/**
 * Writes a store's logits to a Parquet, JSONL or CSV file, whole or not at all, in memory that does not grow with
 * them: the columns `key` (32 hexadecimal digits of `textHash`) or `text` and `pair`, and `logit_NAME` for each label.
 * `importLogits` and `fileTeacher` read it; logits come back bit for bit.
 * @returns how many rows were written
 * @throws KdError of kind `option`, `format`, `io`, `aborted`
 */
export async function exportLogits(store: LogitFile, file: string, options: ExportOptions = {}): Promise<number> {
  const { examples, format, signal, onProgress } = options
  const logits = logitColumns(store.teacher.labels)
  const began = performance.now()
  let done = 0
  const report = () =>
    onProgress?.({
      stage: 'save',
      name: file,
      done,
      ...(!examples && { total: store.length }),
      unit: 'examples',
      seconds: (performance.now() - began) / 1000,
    })
  async function* counted(rows: AsyncIterable<readonly Cell[]> | Iterable<readonly Cell[]>): AsyncGenerator<readonly Cell[]> {
    for await (const row of rows) {
      yield row
      if (++done % reportEvery === 0) report()
    }
    report()
  }
  if (!examples) {
    const columns: Column[] = [{ name: 'key', type: 'text' }, ...logits]
    return await writeTable(file, columns, counted(keyRows(store)), { format, signal })
  }
  const columns: Column[] = [{ name: 'text', type: 'text' }, { name: 'pair', type: 'text' }, ...logits]
  const peeked = await peek(examples)
  const pairs = peeked.first?.pair !== undefined
  const rows = textRows(store, peeked.all, pairs, signal)
  return await writeTable(file, pairs ? columns : columns.filter(({ name }) => name !== 'pair'), counted(rows), { format, signal })
}

function* keyRows(store: LogitFile): Generator<Cell[]> {
  for (const { key, logits } of store.rows()) yield [Buffer.from(key).toString('hex'), ...logits]
}

async function* textRows(store: LogitFile, examples: AsyncIterable<Example>, pairs: boolean, signal?: AbortSignal): AsyncGenerator<Cell[]> {
  const logits = new Float32Array(store.teacher.labels.length)
  for await (const example of examples) {
    throwIfAborted(signal)
    if (store.read(textHash(example), logits)) yield [example.text, ...(pairs ? [example.pair ?? null] : []), ...logits]
  }
}

/** The first example, and all of them. */
async function peek(examples: Iterable<Example> | AsyncIterable<Example>): Promise<{ first?: Example; all: AsyncIterable<Example> }> {
  const iterator = (async function* () {
    yield* examples
  })()
  const { value: first, done } = await iterator.next()
  async function* all(): AsyncGenerator<Example> {
    if (done) return
    yield first
    yield* iterator
  }
  return { first: done ? undefined : first, all: all() }
}
