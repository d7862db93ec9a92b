import { KdError } from '@kd/core'
import { tokenName } from './tokenizer-json.ts'

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
    const content = tokenName(settings[role]) ?? usual
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
  // MPNet's WordPiece surrounds texts as RoBERTa does.
  const asRoberta = sep.content === '</s>'
  const second = asRoberta ? [token(sep, 0), sequence('B', 0), token(sep, 0)] : [sequence('B', 1), token(sep, 1)]
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map(({ id, content }) => ({ id, content, ...flags, lstrip: content === '<mask>' })),
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
      pair: [...single, ...second],
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
