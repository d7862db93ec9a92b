import type { Example } from '@kd/core'

/** What two parts have in common. */
export interface SharedTexts {
  /** Names of the parts, in the order given. */
  readonly parts: readonly [string, string]
  /** Examples of the second part that are in the first too: the same text, or the same two texts in either order. */
  readonly equal: number
  /** Examples of the second part with a text that stands in the first, on either side; those of `equal` are among them. */
  readonly sharing: number
  /** The first of them. */
  readonly example: Example
}

/**
 * What parts that came as they are have in common: a model has seen what is shared, so its figures on the second part
 * flatter it. Two parts that share nothing are not in the result. Empty texts are not counted as shared.
 * @param parts by name, such as `{ train, dev }`
 */
export function sharedTexts(parts: Readonly<Record<string, Iterable<Example>>>): SharedTexts[] {
  const before: { name: string; texts: Set<string>; keys: Set<string> }[] = []
  const shared: SharedTexts[] = []
  for (const [name, examples] of Object.entries(parts)) {
    const own = { name, texts: new Set<string>(), keys: new Set<string>() }
    const found = before.map((): { equal: number; sharing: number; example?: Example } => ({ equal: 0, sharing: 0 }))
    for (const example of examples) {
      const key = unordered(example)
      const texts = [example.text, example.pair ?? ''].filter((text) => text.trim() !== '')
      own.keys.add(key)
      for (const text of texts) own.texts.add(text)
      before.forEach((other, index) => {
        const both = found[index]!
        const isEqual = other.keys.has(key)
        if (!isEqual && !texts.some((text) => other.texts.has(text))) return
        both.example ??= example
        both.sharing++
        if (isEqual) both.equal++
      })
    }
    found.forEach(({ example, ...counts }, index) => {
      if (example) shared.push({ parts: [before[index]!.name, name], ...counts, example })
    })
    before.push(own)
  }
  return shared
}

/** One string for a pair in either order; that of core's `textKey` for a single text. */
function unordered({ text, pair }: Example): string {
  if (pair === undefined) return text
  return text < pair ? `${text}\u0000${pair}` : `${pair}\u0000${text}`
}
