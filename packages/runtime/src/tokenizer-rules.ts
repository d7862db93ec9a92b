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
/** A letter, digit or mark of a word that has several; the joiners belong to Persian and Indic words. */
const letter = `(?!${ideograph})[\\p{L}\\p{N}\\p{M}\u200c\u200d]`
const ends = `(?=n't|(?!${letter}))`
const negation = `n't${ends}`
const clitic = `'(?:s|m|d|ll|re|ve)${ends}`
/** What may stand between letters of one word: `well-made`, `o'clock`, `10,000`. */
const inner = `(?:-|(?!${clitic})'|(?<=\\p{N})[.,:](?=\\p{N}))(?!${negation})(?=${letter})`

/**
 * How a text becomes a student's words, in order. They write what the files of the GLUE benchmark hold already: lower
 * case, punctuation and English clitics as words (`don't` is `do n't`, `it's` is `it 's`), Penn Treebank's quotes,
 * and leave text of that form as it is. Patterns are read alike by JavaScript (flag `u`) and Oniguruma.
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
  {
    kind: 'words',
    pattern: [
      negation,
      clitic,
      `'(?:em|til|tis|twas|n|\\p{N}{2}s?)${ends}`,
      '(?:mrs?|ms|dr|[js]r|st|vs|etc|inc)\\.',
      '(?:\\p{L}\\.){2,}',
      `${letter}(?:(?!${negation})${letter}|${inner})*`,
      "\\.\\.\\.|--|``|''|\\*+",
      '(?:[\u{1f1e6}-\u{1f1ff}]{2}|\\S)(?:[\\p{M}\u{1f3fb}-\u{1f3ff}]|\u200d\\S)*',
    ].join('|'),
  },
])
