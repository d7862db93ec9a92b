/** One rule of the student's tokeniser; each kind exists in Hugging Face's `tokenizer.json` too. */
export type TokenizerRule =
  /** These words are cut out first, as they stand, and pass all other rules by. */
  | { readonly kind: 'keep'; readonly words: readonly string[] }
  | { readonly kind: 'unicode'; readonly form: 'NFKC' }
  | { readonly kind: 'lowercase' }
  | { readonly kind: 'replace'; readonly pattern: string; readonly with: string }
  /** The words are the pattern's matches; what it does not match is dropped. */
  | { readonly kind: 'words'; readonly pattern: string }

/** Scripts without spaces between words: each character is a word. */
const ideograph = '[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{323af}]'

/** What characters are to the rules. */
interface Characters {
  /** A letter, digit or mark of a word that has several. */
  readonly part: string
  readonly letter: string
  readonly digit: string
  /** Any other word of one character. */
  readonly symbol: string
}

const ofUnicode: Characters = {
  // The joiners belong to Persian and Indic words.
  part: `(?!${ideograph})[\\p{L}\\p{N}\\p{M}\u200c\u200d]`,
  letter: '\\p{L}',
  digit: '\\p{N}',
  symbol: '(?:[\u{1f1e6}-\u{1f1ff}]{2}|\\S)(?:[\\p{M}\u{1f3fb}-\u{1f3ff}]|\u200d\\S)*',
}

function wordPattern({ part, letter, digit, symbol }: Characters): string {
  const ends = `(?=n't|(?!${part}))`
  const negation = `n't${ends}`
  const clitic = `'(?:s|m|d|ll|re|ve)${ends}`
  // What may stand between letters of one word: `o'clock`, `10,000`.
  const inner = `(?:(?!${clitic})'|(?<=${digit})[.,:](?=${digit}))(?!${negation})(?=${part})`
  return [
    negation,
    clitic,
    `'(?:em|til|tis|twas|n|${digit}{2}s?)${ends}`,
    '(?:mrs?|ms|dr|[js]r|st|vs|etc|inc)\\.',
    `(?:${letter}\\.){2,}`,
    `${part}(?:(?!${negation})${part}|${inner})*`,
    "\\.\\.\\.|--|``|''|\\*+",
    symbol,
  ].join('|')
}

/** The same words of ASCII in lower case, by a pattern that costs a hundredth of the time to prepare. */
export const asciiWordPattern: string = wordPattern({ part: '[a-z\\d]', letter: '[a-z]', digit: '\\d', symbol: '\\S' })

/**
 * How a text becomes a student's words, in order. They write what the files of the GLUE benchmark hold already: lower
 * case, punctuation and English clitics as words (`don't` is `do n't`, `it's` is `it 's`), Penn Treebank's quotes,
 * and leave text of that form as it is, but for hyphens: `heavy-handed` is three words, as to BERT, since too few compounds are
 * seen twice. Patterns are read alike by JavaScript (flag `u`) and Oniguruma.
 */
export const tokenizerRules: readonly TokenizerRule[] = Object.freeze<TokenizerRule[]>([
  { kind: 'keep', words: ['[MASK]'] },
  { kind: 'replace', pattern: '[\u0000-\u001f\u007f-\u009f\u200b\u2028\u2029\ufeff]', with: ' ' },
  { kind: 'replace', pattern: '\u00ad', with: '' },
  { kind: 'unicode', form: 'NFKC' },
  { kind: 'lowercase' },
  { kind: 'unicode', form: 'NFKC' },
  { kind: 'replace', pattern: 'ς', with: 'σ' },
  { kind: 'replace', pattern: '[‘’‛ʼ′]', with: "'" },
  { kind: 'replace', pattern: '[“„]|(?<![^\\s(\\[{])"', with: '``' },
  { kind: 'replace', pattern: '[”"]', with: "''" },
  { kind: 'replace', pattern: '[‐−]', with: '-' },
  { kind: 'replace', pattern: '[–—―]|-{2,}', with: '--' },
  { kind: 'replace', pattern: '\\.{2,}', with: '...' },
  { kind: 'words', pattern: wordPattern(ofUnicode) },
])
