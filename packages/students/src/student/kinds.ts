import type { Example } from '@kd/core'
import type { DropoutRates } from '@kd/runtime'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { bilstmInference, bilstmOnLayers } from '../bilstm/inference.ts'
import { bilstmModel } from '../bilstm/layers-model.ts'
import { singleText } from '../bilstm/single-text.ts'
import { bilstmTraining } from '../bilstm/training.ts'
import { siameseInference, siameseOnLayers } from '../siamese/inference.ts'
import { siameseModel } from '../siamese/layers-model.ts'
import { siameseTraining } from '../siamese/training.ts'
import { twoTexts } from '../siamese/two-texts.ts'
import type { SettledDescription } from './description.ts'
import type { Inference, InferenceParts, LayersParts } from './inference.ts'
import type { Channel, Head } from './layers.ts'
import type { StudentTraining } from './student.ts'
import type { TrainingParts } from './training.ts'

/** What sets one kind of student apart from the others; all else they share. */
export interface StudentKind {
  /** How many times a text's states the dense layer reads. */
  readonly statesRead: number
  /**
   * The texts that it reads of an example.
   * @throws KdError of kind `data` where a pair is missing or one too many
   */
  texts(example: Example): readonly string[]
  model(head: Head, channels: readonly Channel[], dropout: DropoutRates): LayersModel
  training(parts: TrainingParts): StudentTraining
  inference(parts: InferenceParts): Promise<Inference>
  onLayers(parts: LayersParts): Inference
}

export const kinds: Readonly<Record<SettledDescription['student'], StudentKind>> = {
  bilstm: {
    statesRead: 1,
    texts: (example) => [singleText(example)],
    model: bilstmModel,
    training: bilstmTraining,
    inference: bilstmInference,
    onLayers: bilstmOnLayers,
  },
  siamese: {
    statesRead: 4,
    texts: twoTexts,
    model: siameseModel,
    training: siameseTraining,
    inference: siameseInference,
    onLayers: siameseOnLayers,
  },
}
