import { type Example, KdError, writeSafetensors } from '@kd/core'
import { findModel } from '../checkpoint/find-model.ts'
import { configWithLabels } from '../checkpoint/labels.ts'
import { type BertModel, readModel } from '../checkpoint/model.ts'
import { modelFiles } from '../checkpoint/model-files.ts'
import { tensorsOf } from '../checkpoint/tensors-of.ts'
import { forwardOn } from '../forward/forward.ts'
import { BertTeacher } from '../teacher.ts'
import { quantizeWeights } from './quantize.ts'

export interface QuantizeOptions {
  /** Names of the classes in the order of the logits, written into config.json. Default: those it has. */
  labels?: readonly string[]
  /** Texts, or pairs, whose logits are stored, to be compared whenever the model is loaded. Default: four short texts. */
  selfCheck?: readonly (string | Example)[]
}

const defaultSelfCheck = ['a warm and clever little film', 'the plot makes no sense at all', 'never again', 'perfect']

/** Far above what rounding does (0.01 was seen), far below what a saturating product does. */
const selfCheckTolerance = 0.25

/**
 * A Hugging Face folder's model with the matrices of its layers and its word embeddings in int8: a fourth of its size in
 * single precision. Biases, norms, position embeddings and the head stay as they are.
 * @returns the files of the new model folder by name; nothing is written
 * @throws KdError as `BertTeacher.load`
 */
export async function quantizeCheckpoint(folder: string, options: QuantizeOptions = {}): Promise<Record<string, Uint8Array | string>> {
  const { labels, selfCheck = defaultSelfCheck } = options
  if (selfCheck.length === 0) {
    throw new KdError({ kind: 'option', what: 'there must be at least one text', where: { option: 'selfCheck' } })
  }
  const found = await findModel(folder)
  if (found.weights.format === 'onnx') {
    throw new KdError({ kind: 'mismatch', what: 'it holds an ONNX graph in place of weights', where: { file: folder } })
  }
  const model = await readModel(found.folder)
  const weights = quantizeWeights(model.weights)
  const names = labels ?? model.config.labels
  const examples = selfCheck.map((one) => (typeof one === 'string' ? { text: one } : one))
  const rows = await storedAnswers({ ...model, weights, selfCheck: undefined }, examples, names)
  return {
    [modelFiles.weights]: writeSafetensors(tensorsOf(weights, model.config), {
      format: 'pt',
      'kd.quantization': 'int8, symmetric, a scale a row',
    }),
    [modelFiles.config]: `${JSON.stringify(names === undefined ? model.configJson : configWithLabels(model.configJson, names), null, 2)}\n`,
    [modelFiles.tokenizer]: JSON.stringify(model.tokenizerJson),
    [modelFiles.selfCheck]: `${JSON.stringify({ tolerance: selfCheckTolerance, rows }, null, 2)}\n`,
  }
}

/** Products of whole numbers may round differently elsewhere: what is stored is the same weights' answer in single precision. */
async function storedAnswers(model: BertModel, examples: readonly Example[], labels: readonly string[] | undefined) {
  const forward = await forwardOn(model.weights, model.config, 'float32')
  try {
    const teacher = new BertTeacher(model.folder, model, forward, { labels })
    const logits = await teacher.logits(examples)
    const classes = teacher.labels.length
    const rounded = (value: number) => Number(value.toFixed(4))
    return examples.map(({ text, pair }, row) => ({
      text,
      ...(pair !== undefined && { pair }),
      logits: [...logits.subarray(row * classes, (row + 1) * classes)].map(rounded),
    }))
  } finally {
    await forward.dispose()
  }
}
