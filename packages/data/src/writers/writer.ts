/** A cell; null where the row has none. */
export type Cell = string | number | null

/** `text`: any string; `float`: a number of 32 bits, which every format gives back bit for bit. */
export interface Column {
  readonly name: string
  readonly type: 'text' | 'float'
}

/** Turns rows into a file's bytes, piece by piece. */
export type PiecesOf = (columns: readonly Column[], rows: AsyncIterable<readonly Cell[]>) => AsyncGenerator<Uint8Array>

const pieceCharacters = 1 << 16

/** Lines as UTF-8, joined to larger pieces. */
export async function* encoded(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  let piece = ''
  for await (const line of lines) {
    piece += `${line}\n`
    if (piece.length < pieceCharacters) continue
    yield encoder.encode(piece)
    piece = ''
  }
  if (piece) yield encoder.encode(piece)
}

/** A number as text that reads back as the same number, minus zero too. */
export const digits = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))
