import type { DropoutRates } from '@kd/runtime'
import { input, type LayersModel, layers, model } from '@tensorflow/tfjs-layers'
import { type Channel, type Head, type Symbolic, wordVectors } from '../student/layers.ts'
import { PairFeaturesLayer } from './features.ts'

/**
 * The whole student: word ids of the first and of the second texts, int32 `[batch, length]` each with its own length,
 * padded with 0 behind, to logits `[batch, classes]`.
 */
export function siameseModel(head: Head, channels: readonly Channel[], dropout: DropoutRates): LayersModel {
  const sides = ['ids', 'pair_ids'].map((name) => input({ shape: [null], dtype: 'int32', name }))
  const vectors = wordVectors(channels)
  const dropWords = layers.dropout({ rate: dropout.words })
  const states = sides.map((ids) => head.bilstm.apply([dropWords.apply(vectors(ids)) as Symbolic, ids]) as Symbolic)
  const pairs = layers.dropout({ rate: dropout.states }).apply(new PairFeaturesLayer({ name: 'pair_features' }).apply(states))
  const features = layers.dropout({ rate: dropout.dense }).apply(head.dense.apply(pairs))
  return model({ inputs: sides, outputs: head.logits.apply(features) as Symbolic, name: 'siamese' })
}
