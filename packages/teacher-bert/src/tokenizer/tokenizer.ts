import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { type Example, KdError } from '@kd/core'
import { computeAsRust, type LibraryParts } from './as-rust.ts'
import { type PostProcessor, type Template, templates, truncatedLengths } from './template.ts'
import { checkTokenizerJson, looksAtWordsAlone, type TokenizerJson, tokenName, typesSegments } from './tokenizer-json.ts'

/** One example as the model takes it: special tokens included, truncated, no padding. */
export interface Encoding {
  readonly ids: Int32Array
  /** Segment of each token: 0 for the first text, 1 for the second. */
  readonly types: Int32Array
}

/** What is used of the library's tokeniser. */
interface Library extends LibraryParts {
  readonly post_processor: PostProcessor | null
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] }
  token_to_id(token: string): number | undefined
  get_vocab(): Map<string, number>
}

/** Words whose pieces are remembered: texts repeat words, and looking one up is 20 times faster than taking it apart. */
const rememberedWords = 100_000

/** `model_max_length` of tokenisers without one: 10^30. */
const endless = 1e6

/** What augmentation writes for a masked word (`@kd/augment`). */
const maskWord = '[MASK]'

/** A checkpoint's tokeniser: a Hugging Face `tokenizer.json`, pairs cut longest first as Hugging Face's Rust code does. */
export class BertTokenizer {
  /** How many ids there are: one more than the largest. */
  readonly vocabularySize: number
  /** Longest encoding that the files ask for, special tokens included; absent where they do not say. */
  readonly truncation: number | undefined
  /** What unknown text becomes; absent where the model has no such token. */
  readonly unknownId: number | undefined
  /** What `[MASK]` becomes; absent where the model has no such token. */
  readonly maskId: number | undefined
  readonly paddingId: number | undefined
  /** Ids of tokens that stand for no text. */
  readonly specialIds: ReadonlySet<number>
  readonly #tokenizer: Library
  readonly #wordByWord: boolean
  readonly #templates: readonly [single: Template, pair: Template]
  readonly #fromLeft: boolean
  readonly #maskToken: string | undefined
  readonly #pieces = new Map<string, readonly number[]>()

  /**
   * @param json the parsed `tokenizer.json`
   * @param settings the parsed `tokenizer_config.json`
   * @param file names the file in errors
   * @throws KdError of kind `format`
   */
  constructor(json: unknown, settings: Readonly<Record<string, unknown>> = {}, file = 'tokenizer.json') {
    try {
      checkTokenizerJson(json)
      this.#tokenizer = new HuggingFaceTokenizer(json, settings) as unknown as Library
      computeAsRust(this.#tokenizer, json.pre_tokenizer)
      const ids = [...this.#tokenizer.get_vocab().values()]
      if (ids.length === 0) throw new Error('it has no vocabulary')
      this.vocabularySize = ids.reduce((largest, id) => Math.max(largest, id), -1) + 1
      this.#templates = templates(
        this.#tokenizer.post_processor,
        (token) => this.#tokenizer.token_to_id(token),
        typesSegments(json, settings),
      )
    } catch (cause) {
      throw new KdError({
        kind: 'format',
        what: `no tokeniser can be made of it: ${(cause as Error).message}`,
        where: { file },
        fix: 'Fetch tokenizer.json again, or leave vocab.txt alone beside the weights.',
        cause,
      })
    }
    const lengths = [json.truncation?.max_length, settings.model_max_length]
    const limits = lengths.filter((length): length is number => typeof length === 'number' && length >= 1 && length <= endless)
    this.truncation = limits.length > 0 ? Math.min(...limits) : undefined
    this.#fromLeft = (settings.truncation_side ?? json.truncation?.direction?.toLowerCase()) === 'left'
    this.#wordByWord = looksAtWordsAlone(json)
    this.unknownId = this.#idOf(json.model.unk_token) ?? json.model.unk_id ?? undefined
    this.#maskToken = this.#maskTokenOf(json, settings)
    this.maskId = this.#idOf(this.#maskToken)
    this.paddingId = this.#idOf(tokenName(settings.pad_token))
    this.specialIds = new Set(json.added_tokens?.filter(({ special }) => special).map(({ id }) => id))
  }

  /** All tokens with their ids. */
  tokens(): [token: string, id: number][] {
    return [...this.#tokenizer.get_vocab()]
  }

  /** Special tokens added to a text, or to a pair. */
  specials(pair: boolean): number {
    return this.#templates[pair ? 1 : 0].filter((part) => 'id' in part).length
  }

  /** The largest segment that a pair's tokens have. */
  get largestType(): number {
    return Math.max(...this.#templates[1].map(({ type }) => type))
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
        const skipped = this.#fromLeft ? pieces.length - kept[part.sequence]! : 0
        for (let i = 0; i < kept[part.sequence]!; i++) {
          ids[at] = pieces[skipped + i]!
          types[at++] = part.type
        }
      }
    }
    return { ids, types }
  }

  /** Ids of a text's word pieces, without special tokens, not truncated. `[MASK]` is the tokeniser's own mask. */
  pieces(text: string): readonly number[] {
    if (this.#maskToken !== undefined && this.#maskToken !== maskWord) text = text.replaceAll(maskWord, this.#maskToken)
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

  #idOf(token: unknown): number | undefined {
    return typeof token === 'string' ? this.#tokenizer.token_to_id(token) : undefined
  }

  /** The mask's name, or that of the unknown token where there is no mask, if it is a special token. */
  #maskTokenOf({ added_tokens: added = [], model }: TokenizerJson, settings: Readonly<Record<string, unknown>>): string | undefined {
    const names = [tokenName(settings.mask_token), maskWord, '<mask>', model.unk_token]
    return names.find((name) => name !== undefined && added.some(({ content }) => content === name)) ?? undefined
  }
}
