import type { DropoutRates } from '@kd/runtime'
import { input, type LayersModel, layers, model } from '@tensorflow/tfjs-layers'
import { type Channel, type Head, type Symbolic, wordVectors } from '../student/layers.ts'

/** The whole student: word ids int32 `[batch, length]`, padded with 0 behind, to logits `[batch, classes]`. */
export function bilstmModel(head: Head, channels: readonly Channel[], dropout: DropoutRates): LayersModel {
  const ids = input({ shape: [null], dtype: 'int32', name: 'ids' })
  const words = layers.dropout({ rate: dropout.words }).apply(wordVectors(channels)(ids)) as Symbolic
  const states = layers.dropout({ rate: dropout.states }).apply(head.bilstm.apply([words, ids]))
  const features = layers.dropout({ rate: dropout.dense }).apply(head.dense.apply(states))
  return model({ inputs: ids, outputs: head.logits.apply(features) as Symbolic, name: 'bilstm' })
}
