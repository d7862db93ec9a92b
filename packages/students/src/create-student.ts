import { KdError } from '@kd/core'
import { channelNames, type Vocabulary } from '@kd/runtime'
import { type StudentDescription, settleDropout } from './student/description.ts'
import { initialWeights } from './student/initial.ts'
import { sizesOf } from './student/sizes.ts'
import type { Student } from './student/student.ts'
import { TensorflowStudent } from './student/tensorflow-student.ts'
import { readyTensorflow } from './tensorflow.ts'
import { initialVectors } from './vectors/initial-vectors.ts'

export interface CreateStudentOptions {
  /** Names of the classes in the order of the logits; one name where it gives a score. */
  labels: readonly string[]
  /** The words it will know; build it of training texts only. */
  vocabulary: Vocabulary
  /** First weights, random vectors. Default: 0. */
  seed?: number
  /** Share of word vectors and of final states that training drops, where the description does not say. Default: 0.3. */
  dropout?: number
  /** Written into its card. */
  task?: string
}

/**
 * A student with first weights: random ones as PyTorch draws them, word vectors from the description's source.
 * @throws KdError of kind `option` for no label, equal labels, or a vocabulary above the description's size
 */
export async function createStudent(
  description: StudentDescription,
  { labels, vocabulary, seed = 0, dropout = 0.3, task }: CreateStudentOptions,
): Promise<Student> {
  if (labels.length < 1 || new Set(labels).size < labels.length) {
    throw new KdError({
      kind: 'option',
      what: `[${labels}] are not different names, two or more for classes, one for a score`,
      where: { option: 'labels' },
    })
  }
  if (vocabulary.size > description.vocabularySize) {
    throw new KdError({
      kind: 'option',
      what: `it has ${vocabulary.size} words, the description allows ${description.vocabularySize}`,
      where: { option: 'vocabulary' },
    })
  }
  const { dimensions, vectors, channels } = description
  const names = channelNames(channels)
  const table = await initialVectors(vocabulary.words, { dimensions, vectors, seed })
  const embeddings = Object.fromEntries(names.map((name, index) => [`embeddings.${name}`, index === 0 ? table : table.slice()]))
  const dense = initialWeights(sizesOf(description, labels.length), seed)
  await readyTensorflow()
  return new TensorflowStudent({
    description: settleDropout(description, dropout),
    vocabulary,
    labels: Object.freeze([...labels]),
    task,
    embeddings,
    dense,
  })
}
