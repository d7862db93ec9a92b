import { type Example, KdError } from '@kd/core'
import type { RowTable, StepBatch, StepContext, StepInputs } from '@kd/jit'
import type { DropoutRates, Vocabulary } from '@kd/runtime'
import * as tf from '@tensorflow/tfjs-core'
import type { StudentTraining } from '../student.ts'
import { bucket, bucketStep } from './buckets.ts'
import type { Head } from './layers-model.ts'
import { finalStates } from './states.ts'

export interface TrainingParts {
  readonly head: Head
  readonly tables: readonly RowTable[]
  readonly vocabulary: Vocabulary
  readonly maxLength: number
  readonly dropout: DropoutRates
}

/** The student as a training step sees it: see `StudentTraining`. */
export function bilstmTraining({ head, tables, vocabulary, maxLength, dropout }: TrainingParts): StudentTraining {
  const { kernel, recurrent, bias, denseKernel, denseBias, logitsKernel, logitsBias } = head.variables
  return {
    variables: [kernel, recurrent, bias, denseKernel, denseBias, logitsKernel, logitsBias],
    tables,
    encode: (example) => vocabulary.ids(singleText(example), maxLength),
    bucket,
    batch: bothDirections,
    exampleAxes: { ids: 2, ends: 1 },
    logits({ inputs, rows, positions }: StepBatch, context: StepContext): tf.Tensor2D {
      const channels = tables.map(({ name }) => rows[name]!)
      const words = channels.length === 1 ? channels[0]! : tf.concat2d(channels, 1)
      const projections = tf.add(tf.matMul(drop(context, words, dropout.words), kernel as tf.Tensor2D), bias) as tf.Tensor2D
      const ends = inputs.ends as tf.Tensor3D
      const states = finalStates({ projections, positions, recurrent: recurrent as tf.Tensor3D, ends })
      const hidden = tf.relu(tf.add(tf.matMul(drop(context, states, dropout.states), denseKernel as tf.Tensor2D), denseBias)) as tf.Tensor2D
      return tf.add(tf.matMul(drop(context, hidden, dropout.dense), logitsKernel as tf.Tensor2D), logitsBias) as tf.Tensor2D
    },
  }
}

/** @throws KdError of kind `data` for a pair */
export function singleText({ text, pair }: Example): string {
  if (pair === undefined) return text
  throw new KdError({
    kind: 'data',
    what: 'this student reads one text, and the example has a pair',
    fix: 'Leave the pair out, or join the two texts into one.',
  })
}

function drop<T extends tf.Tensor>(context: StepContext, x: T, rate: number): T {
  return rate === 0 ? x : (context.dropout(x, rate) as T)
}

/**
 * Word ids `[2, length, size]`, each direction left-aligned, and where the texts end, `[ends, size, 1]`: see `finalStates`.
 * Rows beyond the texts are padding.
 */
function bothDirections(texts: readonly Int32Array[], size: number): Required<StepInputs> {
  const lengths = texts.map((text) => text.length)
  const longest = Math.max(1, ...lengths)
  const length = bucket(longest)
  // A batch of one bucket ends within its last step; a mixed one may end anywhere.
  const ends = Math.min(...lengths, longest) > length - bucketStep(longest) ? bucketStep(longest) : length
  const ids = new Int32Array(2 * length * size)
  const ended = new Float32Array(ends * size)
  texts.forEach((text, row) => {
    const last = text.length - 1
    for (let place = 0; place <= last; place++) {
      ids[place * size + row] = text[place]!
      ids[(length + place) * size + row] = text[last - place]!
    }
    ended[(last - length + ends) * size + row] = 1
  })
  return { ids: { data: ids, shape: [2, length, size] }, inputs: { ends: { data: ended, shape: [ends, size, 1] } } }
}
