import { inClass, newerCharacters, olderCharacters } from './newer-characters.ts'
import { precompiledNormalizer } from './precompiled.ts'
import { type UnigramModel, unigramPieces } from './unigram.ts'

/** A part of the library's tokeniser: what its `tokenizer.json` says, and the method that does it. */
export interface LibraryPart {
  readonly config?: { readonly type?: string } & Readonly<Record<string, unknown>>
  readonly normalizers?: readonly LibraryPart[]
  readonly tokenizers?: readonly LibraryPart[]
  normalize?: (text: string) => string
  pattern?: RegExp
  pre_tokenize_text?: (text: string, options?: unknown) => string[]
}

/** The parts of the library's tokeniser. */
export interface LibraryParts {
  readonly normalizer: LibraryPart | null
  readonly pre_tokenizer: LibraryPart | null
  readonly model: UnigramModel | object
}

/**
 * Puts right where the library computes something else than Hugging Face's Rust code, which trained the models: in the
 * text's clean-up, its splitting into words, and the choice of Unigram's pieces. What is not named here it leaves alone.
 * @param preTokenizerJson `pre_tokenizer` of `tokenizer.json`
 */
export function computeAsRust({ normalizer, pre_tokenizer: preTokenizer, model }: LibraryParts, preTokenizerJson: unknown): void {
  if (normalizer) correctNormalizer(normalizer)
  if (preTokenizer) correctPreTokenizer(preTokenizer, preTokenizerJson)
  if ('trie' in model && 'min_score' in model) {
    model.tokenize = unigramPieces(model)
    model.fuse_unk = false
  }
}

function correctNormalizer(part: LibraryPart): void {
  part.normalizers?.forEach(correctNormalizer)
  const { config = {} } = part
  switch (config.type) {
    case 'BertNormalizer':
      part.normalize = bertNormalizer(config)
      break
    case 'Lowercase':
      part.normalize = lowerCase
      break
    case 'StripAccents':
      part.normalize = (text) => text.replace(accents, '')
      break
    case 'NFD':
      part.normalize = decomposed
      break
    case 'NFKD':
      part.normalize = (text) => text.replace(compatible, (known) => known.normalize('NFKD'))
      break
    case 'Precompiled':
      if (typeof config.precompiled_charsmap === 'string') part.normalize = precompiledNormalizer(config.precompiled_charsmap)
      break
  }
}

function correctPreTokenizer(part: LibraryPart, json: unknown): void {
  const { type, pretokenizers } = (json ?? {}) as { type?: unknown; pretokenizers?: readonly unknown[] }
  switch (type) {
    case 'Sequence':
      for (const [index, inner] of part.tokenizers?.entries() ?? []) correctPreTokenizer(inner, pretokenizers?.[index])
      break
    case 'BertPreTokenizer':
      part.pre_tokenize_text = (text) => text.match(bertWords) ?? []
      break
    case 'WhitespaceSplit':
      part.pre_tokenize_text = (text) => text.match(/\P{White_Space}+/gu) ?? []
      break
    case 'ByteLevel':
      part.pattern = byteLevelWords
      break
  }
}

const { marks, formats, punctuation, canonical, letters } = newerCharacters

/** BERT's clean-up in Rust's order, which takes every character by itself: a final sigma is a sigma. */
function bertNormalizer(config: Readonly<Record<string, unknown>>): (text: string) => string {
  const clean = config.clean_text ?? true
  const spaceChinese = config.handle_chinese_chars ?? true
  const lower = config.lowercase ?? true
  const strip = config.strip_accents ?? lower
  return (text) => {
    let out = text
    if (clean) out = out.replace(controls, '').replace(/[\t\n\r]|\p{White_Space}/gu, ' ')
    if (spaceChinese) out = out.replace(chinese, ' $& ')
    if (strip) out = decomposed(out).replace(bertMarks, '')
    return lower ? lowerCase(out) : out
  }
}

/** Character by character, as Rust's `char::to_lowercase`: JavaScript alone knows a final sigma. */
const lowerCase = (text: string): string => (text.includes('Σ') ? text.split('Σ').map(lowerOf).join('σ') : lowerOf(text))
const lowerOf = (text: string): string => text.toLowerCase()

const decomposed = (text: string): string => text.replace(canonicals, (known) => known.normalize('NFD'))
const canonicals = new RegExp(`[^${inClass(canonical)}]+`, 'gu')
const compatible = new RegExp(`[^${inClass(newerCharacters.compatible)}]+`, 'gu')

const controls = new RegExp(`(?![\\t\\n\\r${inClass(formats)}])[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\ufffd]`, 'gu')
const bertMarks = new RegExp(`(?![${inClass(marks)}])\\p{Mn}|[${inClass(olderCharacters.marks)}]`, 'gu')
const accents = new RegExp(`(?![${inClass(newerCharacters.accents)}])\\p{M}|[${inClass(olderCharacters.accents)}]`, 'gu')
const chinese =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu

const mark = `(?:(?![${inClass(punctuation)}])[\\p{P}!-/:-@\\[-\`{-~]|[${inClass(olderCharacters.punctuation)}])`
const bertWords = new RegExp(`${mark}|(?:(?!${mark})\\P{White_Space})+`, 'gu')

const newer = `(?![${inClass(letters)}])`
const sign = `(?:[^\\p{White_Space}\\p{L}\\p{N}]|[${inClass(letters)}])`
const byteLevelWords = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?(?:${newer}\\p{L})+| ?(?:${newer}\\p{N})+| ?${sign}+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+`,
  'gu',
)
