import { KdError } from '@kd/core'

/**
 * A `tokenizer.json` for a `vocab.json` and a `merges.txt`, as `RobertaTokenizer` of Python makes it.
 * @throws KdError of kind `format` where a special token is not in the vocabulary
 */
export function byteLevelTokenizer(vocab: unknown, merges: string, file = 'vocab.json'): object {
  const ids = new Map(Object.entries(typeof vocab === 'object' && vocab !== null ? vocab : {}))
  const special = (content: string) => {
    const id = ids.get(content)
    if (typeof id === 'number')
      return { id, content, single_word: false, lstrip: content === '<mask>', rstrip: false, normalized: false, special: true }
    throw new KdError({
      kind: 'format',
      what: `its ${ids.size} tokens lack ${content}`,
      where: { file },
      fix: 'Use the vocab.json that was saved with these weights.',
    })
  }
  const [cls, sep] = [special('<s>'), special('</s>')]
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [cls, special('<pad>'), sep, special('<unk>'), special('<mask>')],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [sep.content, sep.id],
      cls: [cls.content, cls.id],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab,
      merges: merges.split(/\r?\n/).filter((line, index) => line !== '' && !(index === 0 && line.startsWith('#version'))),
    },
  }
}
