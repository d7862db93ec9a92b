import { KdError, type TensorToWrite, writeSafetensors } from '@kd/core'
import { channelNames, tensorShapes } from './model-config.ts'
import type { PackedStudent } from './packed-student.ts'

/**
 * The file of a packed student. Equal students give equal bytes.
 * @throws KdError of kind `option` where a tensor's size does not fit the configuration, `numeric` for what `readPacked`
 * would refuse
 */
export function writePacked({ config, vocabulary, rows, matrices, vectors }: PackedStudent): Uint8Array {
  const { vocabularySize, channels, dimensions } = config
  const inputs = channelNames(channels).length * dimensions
  const shapes = tensorShapes(config)
  const words = new TextEncoder().encode(vocabulary.toText())
  const tensors: Record<string, TensorToWrite> = {
    vocabulary: { data: words, shape: [words.length] },
    embeddings: { data: rows.values, shape: [vocabularySize, rows.bits === 4 ? Math.ceil(inputs / 2) : inputs] },
    'embeddings.scale': { data: rows.scales, shape: [vocabularySize, rows.scales.length / vocabularySize] },
  }
  for (const [name, { values, scales }] of Object.entries(matrices)) {
    tensors[name] = { data: values, shape: shapes[name]! }
    tensors[`${name}.scale`] = { data: scales, shape: [scales.length] }
  }
  for (const [name, data] of Object.entries(vectors)) tensors[name] = { data, shape: shapes[name]! }
  for (const [tensor, { data }] of Object.entries(tensors)) {
    if (!(data instanceof Float32Array) || data.every(Number.isFinite)) continue
    const fix = 'Train again with a lower learning rate.'
    throw new KdError({ kind: 'numeric', what: 'it holds values that are not finite', where: { tensor }, fix })
  }
  return writeSafetensors(tensors, { config: JSON.stringify(config) })
}
