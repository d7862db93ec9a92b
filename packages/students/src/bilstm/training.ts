import { bucket } from '../encoder/buckets.ts'
import { textColumns } from '../encoder/text-columns.ts'
import type { StudentTraining } from '../student/student.ts'
import { type TrainingParts, trainedLogits, trainedStates, trainedVariables } from '../student/training.ts'
import { singleText } from './single-text.ts'

/** The student as a training step sees it: see `StudentTraining`. */
export function bilstmTraining(parts: TrainingParts): StudentTraining {
  return {
    variables: trainedVariables(parts),
    tables: parts.tables,
    encode: (example) => parts.vocabulary.ids(singleText(example), parts.maxLength),
    bucket: ({ length }) => bucket(length),
    batch: (texts, size) => textColumns([...texts, ...new Array(size - texts.length)], [size]),
    exampleAxes: { ids: 2, ends: 1 },
    logits: (batch, context) => trainedLogits(parts, trainedStates(parts, batch, context), context),
  }
}
