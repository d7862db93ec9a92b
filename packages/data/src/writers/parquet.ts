import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import type { Cell, Column, PiecesOf } from './writer.ts'

/** Rows of a row group: what a reader holds in memory at once. */
const groupRows = 16_384

/** Snappy-compressed, STRING and FLOAT columns. */
export const parquetPieces: PiecesOf = async function* parquetPieces(columns, rows) {
  const sink = new ByteWriter()
  const writer = new ParquetWriter({ writer: sink, schema: schemaFromColumnData({ columnData: columnData(columns, []) }) })
  const take = (): Uint8Array => {
    const bytes = new Uint8Array(sink.buffer, 0, sink.index).slice()
    sink.index = 0
    return bytes
  }
  let group: (readonly Cell[])[] = []
  const write = async () => {
    await writer.write({ columnData: columnData(columns, group), rowGroupSize: groupRows })
    group = []
    return take()
  }
  for await (const row of rows) {
    group.push(row)
    if (group.length === groupRows) yield await write()
  }
  if (group.length > 0) yield await write()
  await writer.finish()
  yield take()
}

function columnData(columns: readonly Column[], rows: readonly (readonly Cell[])[]) {
  return columns.map(({ name, type }, index) => ({
    name,
    data: rows.map((row) => row[index] ?? null),
    type: type === 'text' ? ('STRING' as const) : ('FLOAT' as const),
    nullable: true,
  }))
}
