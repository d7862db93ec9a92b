/** What is read of a `tokenizer.json`. */
export interface TokenizerJson {
  readonly truncation?: { readonly max_length?: unknown; readonly direction?: string } | null
  readonly normalizer?: { readonly type?: unknown } | null
  readonly pre_tokenizer?: { readonly type?: unknown } | null
  readonly post_processor?: { readonly type?: unknown; readonly processors?: readonly { readonly type?: unknown }[] } | null
  readonly added_tokens?: readonly AddedToken[]
  readonly model: { readonly unk_token?: string | null; readonly unk_id?: number | null }
}

interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special?: boolean
  readonly lstrip?: boolean
  readonly rstrip?: boolean
}

/** @throws Error where it is not the description of a tokeniser */
export function checkTokenizerJson(json: unknown): asserts json is TokenizerJson {
  const { model, added_tokens: added } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  if (typeof model !== 'object' || model === null) throw new Error('it has no "model"')
  const isToken = (token: unknown) =>
    typeof token === 'object' &&
    token !== null &&
    typeof (token as AddedToken).content === 'string' &&
    Number.isInteger((token as AddedToken).id)
  if (added !== undefined && !(Array.isArray(added) && added.every(isToken))) throw new Error('its "added_tokens" are not tokens with ids')
}

/** A special token's name in `tokenizer_config.json`: a string, or an object that holds it. */
export function tokenName(token: unknown): string | undefined {
  if (typeof token === 'string') return token
  const { content } = (typeof token === 'object' && token !== null ? token : {}) as { content?: unknown }
  return typeof content === 'string' ? content : undefined
}

/** Whether no rule looks beyond a space, so that each stretch between spaces can be encoded, and remembered, alone: BERT's. */
export function looksAtWordsAlone({ normalizer, pre_tokenizer: preTokenizer, added_tokens: added }: TokenizerJson): boolean {
  return (
    normalizer?.type === 'BertNormalizer' &&
    preTokenizer?.type === 'BertPreTokenizer' &&
    !added?.some(({ content, lstrip, rstrip }) => content.includes(' ') || lstrip || rstrip)
  )
}

/** Whether an encoding tells a pair's texts apart: not RoBERTa's, nor where the model is said to take no segments. */
export function typesSegments({ post_processor: processor }: TokenizerJson, settings: Readonly<Record<string, unknown>>): boolean {
  const { model_input_names: names } = settings
  if (Array.isArray(names) && !names.includes('token_type_ids')) return false
  return ![processor, ...(processor?.processors ?? [])].some((part) => part?.type === 'RobertaProcessing')
}
