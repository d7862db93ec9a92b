import { tokenizerRules } from './tokenizer-rules.ts'
import { maskId, specialWords, unknownId, type Vocabulary } from './vocabulary.ts'
import { continuation, longestWord } from './word-pieces.ts'

/**
 * The student's tokeniser and vocabulary in the form of Hugging Face's `tokenizer.json`, for other runtimes: the same
 * words and ids, but that a text without words has none.
 */
export function tokenizerJson(vocabulary: Vocabulary): object {
  const normalizers: object[] = []
  let pattern = ''
  for (const rule of tokenizerRules) {
    switch (rule.kind) {
      case 'unicode':
        normalizers.push({ type: rule.form })
        break
      case 'lowercase':
        normalizers.push({ type: 'Lowercase' })
        break
      case 'replace':
        normalizers.push({ type: 'Replace', pattern: { Regex: rule.pattern }, content: rule.with })
        break
      case 'words':
        pattern = rule.pattern
    }
  }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: tokenizerRules.flatMap((rule) => (rule.kind === 'keep' ? rule.words.map(addedToken) : [])),
    normalizer: { type: 'Sequence', normalizers },
    // Inverted: the matches are kept, what lies between them is removed.
    pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: true },
    post_processor: null,
    decoder: null,
    // No word begins with the prefix: the rules make `#` a word.
    model: {
      type: 'WordPiece',
      unk_token: specialWords[unknownId],
      continuing_subword_prefix: continuation,
      max_input_chars_per_word: longestWord,
      vocab: Object.fromEntries(vocabulary.words.map((word, id) => [word, id])),
    },
  }
}

const addedToken = (content: string) => ({
  id: maskId,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
})
