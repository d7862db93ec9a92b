import { writeSafetensors } from '@kd/core'
import { writeFolderAtomic } from '@kd/core/node'

const size = 8
export const friendly = ['warm', 'clever', 'tender', 'funny', 'lovely', 'bright', 'honest', 'graceful']
export const hostile = ['dull', 'stale', 'clumsy', 'noisy', 'bitter', 'lazy', 'hollow', 'tired']
const plain = ['a', 'the', 'and', 'but', 'this', 'film', 'story', 'cast', 'plot', 'is', 'with', 'ending', 'play', 'one', ',', '.']

/**
 * Writes a BERT classifier of one layer whose answer can be worked out by eye: friendly words lie one way, hostile
 * ones the other; every token takes the mean of all; the classifier reads that direction off `[CLS]`.
 */
export async function writeTinyTeacher(folder: string): Promise<void> {
  const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...plain, ...friendly, ...hostile]
  const matrix = (rows: number, columns: number, at: (row: number, column: number) => number) => ({
    data: Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns)),
    shape: [rows, columns],
  })
  const vector = (length: number, value = 0) => ({ data: new Float32Array(length).fill(value), shape: [length] })
  const same = () => matrix(size, size, (row, column) => (row === column ? 1 : 0))
  const none = (rows: number, columns: number) => matrix(rows, columns, () => 0)
  const side = (word: string) => (friendly.includes(word) ? 3 : hostile.includes(word) ? -3 : 0)

  const layer = 'bert.encoder.layer.0'
  const weights = {
    'bert.embeddings.word_embeddings.weight': matrix(words.length, size, (row, column) =>
      column === 0 ? side(words[row]!) : Math.sin(row * 7 + column * 3) / 4,
    ),
    'bert.embeddings.position_embeddings.weight': none(64, size),
    'bert.embeddings.token_type_embeddings.weight': none(2, size),
    [`${layer}.intermediate.dense.weight`]: none(size, size),
    [`${layer}.intermediate.dense.bias`]: vector(size),
    [`${layer}.output.dense.weight`]: none(size, size),
    [`${layer}.output.dense.bias`]: vector(size),
    'bert.pooler.dense.weight': same(),
    'bert.pooler.dense.bias': vector(size),
    'classifier.weight': matrix(2, size, (row, column) => (column === 0 ? (row === 1 ? 3 : -3) : 0)),
    'classifier.bias': vector(2),
    ...Object.fromEntries(
      (['query', 'key', 'value'] as const).flatMap((name) => [
        // No query and no key: every token attends to all alike.
        [`${layer}.attention.self.${name}.weight`, name === 'value' ? same() : none(size, size)],
        [`${layer}.attention.self.${name}.bias`, vector(size)],
      ]),
    ),
    [`${layer}.attention.output.dense.weight`]: same(),
    [`${layer}.attention.output.dense.bias`]: vector(size),
    ...Object.fromEntries(
      ['bert.embeddings', `${layer}.attention.output`, `${layer}.output`].flatMap((place) => [
        [`${place}.LayerNorm.weight`, vector(size, 1)],
        [`${place}.LayerNorm.bias`, vector(size)],
      ]),
    ),
  }
  const config = {
    model_type: 'bert',
    architectures: ['BertForSequenceClassification'],
    vocab_size: words.length,
    hidden_size: size,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: size,
    hidden_act: 'gelu',
    max_position_embeddings: 64,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
    id2label: { 0: 'negative', 1: 'positive' },
    label2id: { negative: 0, positive: 1 },
  }
  await writeFolderAtomic(folder, {
    'package.json': JSON.stringify({ name: 'tiny-teacher', version: '1.0.0' }),
    'config.json': JSON.stringify(config),
    'tokenizer_config.json': JSON.stringify({ do_lower_case: true, tokenizer_class: 'BertTokenizer' }),
    'vocab.txt': `${words.join('\n')}\n`,
    'model.safetensors': writeSafetensors(weights),
  })
}
