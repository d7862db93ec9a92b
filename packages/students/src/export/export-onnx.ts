import { KdError } from '@kd/core'
import { type FileSystem, writeFileAtomic } from '@kd/core/node'
import { OnnxGraph } from '@kd/core/onnx'
import { channelNames } from '@kd/runtime'
import { type Arithmetic, appendLogits, appendStates, floatArithmetic } from '../encoder/graph.ts'
import { appendPairLogits } from '../siamese/graph.ts'
import type { InferenceParts } from '../student/inference.ts'
import { sizesOf } from '../student/sizes.ts'
import type { Student } from '../student/student.ts'
import { finiteWeights } from './finite-weights.ts'
import { int8Arithmetic } from './int8-arithmetic.ts'
import { studentTokenizer } from './student-tokenizer.ts'

const arithmetics = { float32: floatArithmetic, int8: int8Arithmetic } as const

export interface ExportOnnxOptions {
  /**
   * `float32` has the student's logits to 1e-5, in operators of ONNX alone. `int8` is a quarter of the size and about
   * twice as fast; its LSTM is an operator of ONNX Runtime, and rounds by the largest value of a batch, so that a
   * text's logits depend a little on its company. Default: `float32`.
   */
  weights?: 'float32' | 'int8'
  /** Default: the machine's. */
  fileSystem?: FileSystem
}

/**
 * Writes a student as one `.onnx` file, whole or not at all: `input_ids` int64 `[batch, length]`, padded with 0 behind
 * the words, both sides free, to `logits` and `probabilities` float32 `[batch, classes]`. A student of pairs has
 * `pair_input_ids` `[batch, pair_length]` beside, the second texts. Texts are cut as the student cuts them; a row without
 * words is one unknown word.
 *
 * Its metadata have all else that a student is: `labels` (JSON, in the order of the logits), `tokenizer` (a whole
 * `tokenizer.json` with the vocabulary, set to cut and pad), `student`, `maxLength`, `weights`.
 * @returns how many bytes it has
 * @throws KdError of kind `option`, `numeric` for weights that are not finite, or `io`; what was there before is untouched
 */
export async function exportOnnx(
  student: Student,
  file: string,
  { weights: kind = 'float32', fileSystem }: ExportOnnxOptions = {},
): Promise<{ bytes: number }> {
  if (!Object.hasOwn(arithmetics, kind)) {
    throw new KdError({ kind: 'option', what: `${JSON.stringify(kind)} is neither float32 nor int8`, where: { option: 'weights' } })
  }
  const parts = partsOf(student)
  const { maxLength } = student.description
  const graph = new OnnxGraph()
  const logits = appendStudent[student.description.student](graph, parts, maxLength, arithmetics[kind](graph, parts))
  const shape = ['batch', parts.sizes.classes]
  graph.output(logits, 'logits', 'float32', shape)
  graph.output(graph.node('Softmax', ['logits']), 'probabilities', 'float32', shape)
  graph.metadata('student', student.name)
  graph.metadata('labels', JSON.stringify(student.labels))
  graph.metadata('maxLength', String(maxLength))
  graph.metadata('weights', kind)
  graph.metadata('tokenizer', JSON.stringify(studentTokenizer(student)))
  const bytes = graph.toBytes(student.name)
  await writeFileAtomic(file, bytes, { fileSystem })
  return { bytes: bytes.byteLength }
}

function partsOf(student: Student): InferenceParts {
  const { dimensions, channels } = student.description
  const weights = finiteWeights(student)
  return {
    sizes: sizesOf(student.description, student.labels.length),
    vocabularySize: student.vocabulary.size,
    tables: channelNames(channels).map((name) => ({ name, data: weights[`embeddings.${name}`]!, dimensions })),
    weights,
  }
}

type AppendStudent = (graph: OnnxGraph, parts: InferenceParts, maxLength: number, arithmetic: Arithmetic) => string

/** Inputs to logits, by kind of student. */
const appendStudent: Readonly<Record<Student['description']['student'], AppendStudent>> = {
  bilstm(graph, parts, maxLength, arithmetic) {
    const words = wordsOf(graph, graph.input('input_ids', 'int64', ['batch', 'length']), maxLength)
    return appendLogits(graph, parts, appendStates(graph, parts, words, arithmetic), arithmetic)
  },
  siamese(graph, parts, maxLength, arithmetic) {
    const sides = [
      graph.input('input_ids', 'int64', ['batch', 'length']),
      graph.input('pair_input_ids', 'int64', ['batch', 'pair_length']),
    ].map((input) => wordsOf(graph, input, maxLength))
    const words = sideBySide(graph, sides)
    const states = appendStates(graph, parts, words, arithmetic)
    const [first, second] = graph.nodes('Split', [states], { attributes: { axis: 0, num_outputs: 2 }, outputs: 2 }) as [string, string]
    return appendPairLogits(graph, parts, { first, second }, arithmetic)
  },
}

interface Words {
  /** `[length, batch]` */
  readonly ids: string
  /** `[batch]` */
  readonly lengths: string
}

/** Batches of texts as one, the shorter padded: what follows a text is not read. */
function sideBySide(graph: OnnxGraph, sides: readonly Words[]): Words {
  const int64 = (values: readonly number[]) => graph.constant('int64', values)
  const lengths = sides.map(({ ids }) => graph.node('Shape', [ids], { attributes: { start: 0, end: 1 } }))
  const longest = graph.node('Max', lengths)
  const padded = sides.map(({ ids }, side) => {
    const pads = graph.node('Concat', [int64([0, 0]), graph.node('Sub', [longest, lengths[side]!]), int64([0])], {
      attributes: { axis: 0 },
    })
    return graph.node('Pad', [ids, pads])
  })
  return {
    ids: graph.node('Concat', padded, { attributes: { axis: 1 } }),
    lengths: graph.node(
      'Concat',
      sides.map(({ lengths }) => lengths),
      { attributes: { axis: 0 } },
    ),
  }
}

const int32 = 6
const bool = 9

/** `input_ids` `[batch, length]` as the LSTM reads them, `[length, batch]`, and each row's count of words, at least one. */
function wordsOf(graph: OnnxGraph, input: string, maxLength: number): Words {
  const int64 = (values: number | readonly number[]) => graph.constant('int64', values)
  const cut = graph.node('Slice', [input, int64([0]), int64([maxLength]), int64([1])])
  // Texts without words make a batch of length 0, where the LSTM needs one place.
  const length = graph.node('Shape', [cut], { attributes: { start: 1 } })
  const missing = graph.node('Max', [graph.node('Sub', [int64([1]), length]), int64([0])])
  const padded = graph.node('Pad', [cut, graph.node('Concat', [int64([0, 0, 0]), missing], { attributes: { axis: 0 } })])
  const words = graph.node('Cast', [graph.node('Cast', [padded], { attributes: { to: bool } })], { attributes: { to: int32 } })
  const counts = graph.node('ReduceSum', [words, int64([1])], { attributes: { keepdims: 0 } })
  // Padding behind a text is not read: all of it may stand for the unknown word of a text without words.
  const ids = graph.node('Max', [padded, int64([1])])
  return {
    ids: graph.node('Transpose', [ids], { attributes: { perm: [1, 0] } }),
    lengths: graph.node('Max', [counts, graph.constant('int32', [1])]),
  }
}
