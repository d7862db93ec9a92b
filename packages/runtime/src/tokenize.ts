import { tokenizerRules } from './tokenizer-rules.ts'

/** Words that no rule touches and that have ids of their own. */
const kept = tokenizerRules.flatMap((rule) => (rule.kind === 'keep' ? rule.words : []))
const keptPattern = new RegExp(`(${kept.map((word) => word.replace(/[[\]]/g, '\\$&')).join('|')})`)
const wordPattern = new RegExp(tokenizerRules.flatMap((rule) => (rule.kind === 'words' ? rule.pattern : [])).join('|'), 'gu')

const steps = tokenizerRules.flatMap((rule): ((text: string) => string)[] => {
  switch (rule.kind) {
    case 'unicode':
      return [(text) => text.normalize(rule.form)]
    case 'lowercase':
      return [(text) => text.toLowerCase()]
    case 'replace': {
      const pattern = new RegExp(rule.pattern, 'gu')
      return [(text) => text.replace(pattern, rule.with)]
    }
    default:
      return []
  }
})

/** Words of a run without spaces, of those seen: no rule looks beyond a space. */
const seen = new Map<string, readonly string[]>()
const seenAtMost = 50_000
const seenCharacters = 24

/**
 * A text's words for a student, by `tokenizerRules`: the same in training and in serving. Idempotent: the words joined
 * by spaces give the same words again.
 * @param atMost reads no further than so many words
 */
export function tokenize(text: string, atMost = Number.POSITIVE_INFINITY): string[] {
  const words: string[] = []
  for (let start = 0; start < text.length && words.length < atMost; ) {
    const space = text.indexOf(' ', start)
    const end = space < 0 ? text.length : space
    if (end > start) for (const word of wordsOfRun(text.slice(start, end))) words.push(word)
    start = end + 1
  }
  if (words.length > atMost) words.length = atMost
  return words
}

function wordsOfRun(run: string): readonly string[] {
  const known = seen.get(run)
  if (known) return known
  const words = run.split(keptPattern).flatMap((part, index) => (index % 2 ? part : applyRules(part)))
  if (run.length <= seenCharacters) {
    if (seen.size === seenAtMost) seen.clear()
    seen.set(run, words)
  }
  return words
}

function applyRules(part: string): string[] {
  // A lone half of a surrogate pair has no UTF-8 form: files could not hold it.
  let text = part.replace(/\p{Surrogate}/gu, '\ufffd')
  for (const step of steps) text = step(text)
  return text.match(wordPattern) ?? []
}
