/** Where a text's tokens go: the first or the second text. */
export interface Slot {
  readonly sequence: 0 | 1
  readonly type: number
}

/** A special token that is added. */
export interface Special {
  readonly id: number
  readonly type: number
}

/** What surrounds a text, or a pair, in an encoding. */
export type Template = readonly (Slot | Special)[]

/** The library's post-processor: tokens of one or two texts with the special ones around them. */
export type PostProcessor = (
  tokens: readonly string[],
  pair: readonly string[] | null,
  addSpecialTokens: boolean,
) => { tokens: readonly string[]; token_type_ids?: readonly number[] }

/** Stand for the texts: no token of a vocabulary holds a NUL. */
const marks = ['\u0000A', '\u0000B'] as const

/**
 * Templates of one text and of a pair, found out by having stand-ins processed.
 * @param typed whether segments are told apart; RoBERTa's are not
 * @throws Error where a special token is unknown
 */
export function templates(
  process: PostProcessor | null,
  idOf: (token: string) => number | undefined,
  typed: boolean,
): readonly [single: Template, pair: Template] {
  const of = (pair: boolean): Template => {
    const { tokens, token_type_ids: types } = process
      ? process([marks[0]], pair ? [marks[1]] : null, true)
      : { tokens: pair ? marks : [marks[0]], token_type_ids: undefined }
    return tokens.map((token, i) => {
      const type = typed ? (types?.[i] ?? 0) : 0
      const sequence = marks.indexOf(token as (typeof marks)[number])
      if (sequence >= 0) return { sequence: sequence as 0 | 1, type }
      const id = idOf(token)
      if (id === undefined) throw new Error(`its special token ${token} is not in its vocabulary`)
      return { id, type }
    })
  }
  return [of(false), of(true)]
}

/** How many tokens of each text are kept: longest first, as Hugging Face's `LongestFirst` counts. */
export function truncatedLengths(lengths: readonly number[], room: number): number[] {
  const [first, second] = lengths
  if (second === undefined) return [Math.min(first!, room)]
  if (first! + second <= room) return [first!, second]
  const shorter = Math.min(first!, second)
  let longer = shorter > room ? shorter : Math.max(shorter, room - shorter)
  let other = shorter
  if (other + longer > room) {
    other = Math.floor(room / 2)
    longer = other + (room % 2)
  }
  return first! > second ? [longer, other] : [other, longer]
}
