/** One row of a file: where it begins, counted from 1, and its cells in the header's order. */
export interface Row {
  readonly line: number
  readonly cells: readonly unknown[]
}

export interface RowsContext {
  readonly file: string
  readonly delimiter: string
}

/** Cuts a file's text into rows. The first is the header, where the file has one; rows without any text are left out. */
export type RowReader = (chunks: AsyncIterable<string>, context: RowsContext) => AsyncGenerator<Row>

/** Characters that one row may have: a file with a longer one is none of ours, and must not fill the memory. */
export const longestRow: number = 1 << 24
