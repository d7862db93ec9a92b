import type { OnProgress } from '@kd/core'

/**
 * - `tsv`: GLUE's: one example a line, columns between tabs, a quotation mark is a character like any other
 * - `csv`: RFC 4180: quoted cells may hold the delimiter, line breaks and doubled quotation marks
 * - `jsonl`: one JSON object a line, its keys are the columns
 * - `parquet`: columns at the top level; errors count rows from 1
 */
export type Format = 'tsv' | 'csv' | 'jsonl' | 'parquet'

/** Where an example's fields stand: the name of a column, or its position counted from 1. */
export interface Columns {
  /** Default: the column `text` or `sentence`. */
  text?: string | number
  /** Default: the column `pair`, where there is one. */
  pair?: string | number
  /** Default: the column `label`, where there is one: files without labels are read as unlabelled. False: not read. */
  label?: string | number | false
}

/** How a file of rows is read. */
export interface TableOptions {
  /** Default: by the file's ending, .tsv, .csv, .jsonl or .ndjson, .parquet. */
  format?: Format
  /** Between the cells of a CSV file. Default: a comma. */
  delimiter?: string
  /** False where the first row is an example; columns are then given as positions. Default: true. */
  header?: boolean
  /** What is done with a row that has fewer columns than the header. Default: `refuse`. */
  incomplete?: 'refuse' | 'skip'
  signal?: AbortSignal
  /** Called after each piece of the file, in bytes. */
  onProgress?: OnProgress
}

export interface StreamOptions extends TableOptions {
  columns?: Columns
  /**
   * Names of the classes, in the order of the teacher's logits. A label in the file is one of these names, or an index
   * into them.
   */
  labels?: readonly string[]
  /** Label in the file -> name of the class, applied before `labels`; what it does not hold stays as it is. */
  labelMap?: Readonly<Record<string, string>>
  /** What stands in place of a label where an example has none, such as `-1` or an empty text. Default: each row has a label. */
  unlabelled?: string
}

export interface ReadOptions extends StreamOptions {
  /** Name of the task. Default: the file's name without its ending. */
  name?: string
}
