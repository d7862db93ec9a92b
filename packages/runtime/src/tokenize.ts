import { asciiWordPattern, tokenizerRules } from './tokenizer-rules.ts'

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
/** Engines cut strings from 13 characters on without copying: such a run would keep its whole text alive. */
const seenCharacters = 12

/**
 * A text's words for a student, by `tokenizerRules`: the same in training and in serving. Idempotent: the words joined
 * by spaces give the same words again.
 * @param atMost reads no further than so many words, and of a run without spaces 1,000 characters for each
 */
export function tokenize(text: string, atMost: number = Number.POSITIVE_INFINITY): string[] {
  const words: string[] = []
  for (let start = 0; start < text.length && words.length < atMost; ) {
    const space = text.indexOf(' ', start)
    const end = space < 0 ? text.length : space
    if (end > start) for (const word of wordsOfRun(text.slice(start, Math.min(end, start + 1000 * atMost)))) words.push(word)
    start = end + 1
  }
  if (words.length > atMost) words.length = atMost
  return words
}

/** ASCII that the rules for single characters leave as it is but for case. */
const simple = /^[!#-~]+$/
const asciiWords = new RegExp(asciiWordPattern, 'g')

function wordsOfRun(run: string): readonly string[] {
  const known = seen.get(run)
  if (known) return known
  const words = byPattern(run) ?? byRules(run)
  if (run.length <= seenCharacters) {
    if (seen.size === seenAtMost) seen.clear()
    seen.set(run, words)
  }
  return words
}

/** As `byRules`, of most runs of English text at a hundredth of the cost; of others undefined. */
function byPattern(run: string): string[] | undefined {
  if (!simple.test(run) || run.includes('[MASK]') || /--|\.\./.test(run)) return undefined
  return run.toLowerCase().match(asciiWords) ?? []
}

/** As `tokenize`, of a run without spaces, by nothing but the rules. */
export const byRules = (run: string): string[] => run.split(keptPattern).flatMap((part, index) => (index % 2 ? part : applyRules(part)))

function applyRules(part: string): string[] {
  // A lone half of a surrogate pair has no UTF-8 form: files could not hold it.
  let text = part.replace(/\p{Surrogate}/gu, '\ufffd')
  for (const step of steps) text = step(text)
  return text.match(wordPattern) ?? []
}
