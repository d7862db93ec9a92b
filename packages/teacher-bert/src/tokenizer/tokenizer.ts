import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { type Example, KdError } from '@kd/core'

/** One example as the model takes it: special tokens included, truncated, no padding. */
export interface Encoding {
  readonly ids: Int32Array
  /** Segment of each token: 0 for the first text, 1 for the second. */
  readonly types: Int32Array
}

/** What is used of the library's tokeniser. */
interface Library {
  encode(
    text: string,
    options: { text_pair?: string | null; add_special_tokens: boolean; return_token_type_ids?: boolean },
  ): { ids: number[]; tokens: string[]; token_type_ids?: number[] }
  tokenize(text: string): string[]
  token_to_id(token: string): number | undefined
  get_vocab(): Map<string, number>
}

interface Slot {
  readonly sequence: 0 | 1
  readonly type: number
}

interface Special {
  readonly id: number
  readonly type: number
}

type Template = readonly (Slot | Special)[]

/** Words whose pieces are remembered: texts repeat words, and looking one up is 20 times faster than taking it apart. */
const rememberedWords = 100_000

/** A checkpoint's tokeniser: a Hugging Face `tokenizer.json`, pairs cut longest first as Hugging Face's Rust code does. */
export class BertTokenizer {
  /** How many ids there are: one more than the largest. */
  readonly vocabularySize: number
  /** Longest encoding that the file asks for, special tokens included; absent where it does not say. */
  readonly truncation: number | undefined
  /** What unknown text becomes; absent where the model has no such token. */
  readonly unknownId: number | undefined
  readonly #tokenizer: Library
  readonly #wordByWord: boolean
  readonly #templates: readonly [single: Template, pair: Template]
  readonly #pieces = new Map<string, readonly number[]>()

  /**
   * @param json the parsed `tokenizer.json`
   * @param settings the parsed `tokenizer_config.json`
   * @param file names the file in errors
   * @throws KdError of kind `format`
   */
  constructor(json: unknown, settings: object = {}, file = 'tokenizer.json') {
    try {
      this.#tokenizer = new HuggingFaceTokenizer(json as object, settings) as Library
      const ids = [...this.#tokenizer.get_vocab().values()]
      if (ids.length === 0) throw new Error('it has no vocabulary')
      this.vocabularySize = ids.reduce((largest, id) => Math.max(largest, id), -1) + 1
      this.#templates = [this.#template(['a']), this.#template(['a', 'b'])]
    } catch (cause) {
      throw new KdError({
        kind: 'format',
        what: `no tokeniser can be made of it: ${(cause as Error).message}`,
        where: { file },
        fix: 'Fetch tokenizer.json again, or leave vocab.txt alone beside the weights.',
        cause,
      })
    }
    const { truncation, model } = json as { truncation?: { max_length?: unknown }; model?: { unk_token?: unknown } }
    this.truncation = typeof truncation?.max_length === 'number' ? truncation.max_length : undefined
    this.#wordByWord = looksAtWordsAlone(json as object)
    this.unknownId = typeof model?.unk_token === 'string' ? this.#tokenizer.token_to_id(model.unk_token) : undefined
  }

  /** All tokens with their ids. */
  tokens(): [token: string, id: number][] {
    return [...this.#tokenizer.get_vocab()]
  }

  /** Special tokens added to a text, or to a pair. */
  specials(pair: boolean): number {
    return this.#templates[pair ? 1 : 0].filter((part) => 'id' in part).length
  }

  /** @param maxLength longest encoding in tokens, special ones included */
  encode({ text, pair }: Example, maxLength: number): Encoding {
    const template = this.#templates[pair === undefined ? 0 : 1]
    const parts = pair === undefined ? [this.pieces(text)] : [this.pieces(text), this.pieces(pair)]
    const room = Math.max(0, maxLength - this.specials(pair !== undefined))
    const kept = truncatedLengths(
      parts.map((part) => part.length),
      room,
    )
    const length = template.reduce((sum, part) => sum + ('id' in part ? 1 : kept[part.sequence]!), 0)
    const ids = new Int32Array(length)
    const types = new Int32Array(length)
    let at = 0
    for (const part of template) {
      if ('id' in part) {
        ids[at] = part.id
        types[at++] = part.type
      } else {
        const pieces = parts[part.sequence]!
        for (let i = 0; i < kept[part.sequence]!; i++) {
          ids[at] = pieces[i]!
          types[at++] = part.type
        }
      }
    }
    return { ids, types }
  }

  /** Ids of a text's word pieces, without special tokens, not truncated. */
  pieces(text: string): number[] {
    if (!this.#wordByWord) return this.#tokenizer.encode(text, { add_special_tokens: false }).ids
    const all: number[] = []
    for (const word of text.split(' ')) {
      if (word === '') continue
      let pieces: readonly number[] | undefined = this.#pieces.get(word)
      if (pieces === undefined) {
        pieces = this.#tokenizer.encode(word, { add_special_tokens: false }).ids
        if (this.#pieces.size >= rememberedWords) this.#pieces.clear()
        if (word.length <= 64) this.#pieces.set(word, pieces)
      }
      for (const id of pieces) all.push(id)
    }
    return all
  }

  /** Where texts and special tokens stand, found out by encoding stand-ins of one piece each. */
  #template(parts: readonly ['a'] | readonly ['a', 'b']): Template {
    const [text, pair] = parts
    const encode = (first: string, second?: string) =>
      this.#tokenizer.encode(first, { text_pair: second ?? null, return_token_type_ids: true, add_special_tokens: true })
    const { tokens, ids, token_type_ids: types } = encode(text, pair)
    const marks = parts.map((part) => this.#tokenizer.tokenize(part)[0])
    let sequence = 0
    return tokens.map((token, i) => {
      const type = types?.[i] ?? 0
      return token === marks[sequence] ? { sequence: sequence++ as 0 | 1, type } : { id: ids[i]!, type }
    })
  }
}

/** Whether no rule looks beyond a space, so that each stretch between spaces can be encoded, and remembered, alone: BERT's. */
function looksAtWordsAlone(json: object): boolean {
  const { normalizer, pre_tokenizer, added_tokens } = json as {
    normalizer?: { type?: unknown }
    pre_tokenizer?: { type?: unknown }
    added_tokens?: readonly { content: string; lstrip?: boolean; rstrip?: boolean }[]
  }
  return (
    normalizer?.type === 'BertNormalizer' &&
    pre_tokenizer?.type === 'BertPreTokenizer' &&
    !added_tokens?.some(({ content, lstrip, rstrip }) => content.includes(' ') || lstrip || rstrip)
  )
}

/** How many pieces of each text are kept: longest first, as Hugging Face's `LongestFirst` counts. */
function truncatedLengths(lengths: readonly number[], room: number): number[] {
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

/**
 * A `tokenizer.json` for a `vocab.txt` (a token a line, its line number is its id), as `BertTokenizer` of Python makes it.
 * @param settings the parsed `tokenizer_config.json`: `do_lower_case`, `strip_accents`, `tokenize_chinese_chars`, names of special tokens
 * @throws KdError of kind `format` where a special token is not in the vocabulary
 */
export function tokenizerFromVocabulary(text: string, settings: Readonly<Record<string, unknown>> = {}, file = 'vocab.txt'): object {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const vocab = Object.fromEntries(lines.map((token, id) => [token, id]))
  const special = (role: string, usual: string) => {
    const content = typeof settings[role] === 'string' ? settings[role] : usual
    const id = Object.hasOwn(vocab, content) ? vocab[content] : undefined
    if (id !== undefined) return { id, content }
    throw new KdError({
      kind: 'format',
      what: `its ${lines.length} tokens lack ${content}`,
      where: { file },
      fix: 'Use the vocab.txt that was saved with these weights.',
    })
  }
  const [cls, sep, unk] = [special('cls_token', '[CLS]'), special('sep_token', '[SEP]'), special('unk_token', '[UNK]')]
  const specials = [special('pad_token', '[PAD]'), unk, cls, sep, special('mask_token', '[MASK]')]
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  const token = ({ content }: { content: string }, type_id: number) => ({ SpecialToken: { id: content, type_id } })
  const sequence = (id: 'A' | 'B', type_id: number) => ({ Sequence: { id, type_id } })
  const single = [token(cls, 0), sequence('A', 0), token(sep, 0)]
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map(({ id, content }) => ({ id, content, ...flags })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: settings.tokenize_chinese_chars ?? true,
      strip_accents: settings.strip_accents ?? null,
      lowercase: settings.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), token(sep, 1)],
      special_tokens: Object.fromEntries([cls, sep].map(({ id, content }) => [content, { id: content, ids: [id], tokens: [content] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unk.content,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  }
}
