import { type Example, KdError } from '@kd/core'
import { type BertModel, digestOf } from '../checkpoint/model.ts'
import { modelContents } from '../checkpoint/model-contents.ts'
import { modelFiles } from '../checkpoint/model-files.ts'
import { taskOf } from '../fine-tune/examples.ts'
import { forwardOn } from '../forward/forward.ts'
import type { SelfCheck } from '../self-check.ts'
import { BertTeacher, modelOf } from '../teacher.ts'
import type { TeacherOptions } from '../teacher-options.ts'
import { inSinglePrecision, measuredSection, type QuantizationCheck, type QuantizationCheckOptions, quantizationCheck } from './check.ts'
import { quantizeWeights } from './quantize.ts'

export interface QuantizeOptions extends QuantizationCheckOptions, Pick<TeacherOptions, 'threads'> {
  /** Texts, or pairs, whose logits are stored, to be compared whenever the model is loaded. Default: four short texts, or pairs of them for a teacher of pairs. */
  selfCheck?: readonly (string | Example)[]
  /** The new teacher's name in reports. Default: that of the old one with `, int8`. */
  name?: string
}

export interface Quantized {
  /** In int8; `save` writes it. */
  readonly teacher: BertTeacher
  /** Both on `dev`, where that was given; it stands in the card, too. */
  readonly check?: QuantizationCheck
}

const usualTexts = ['a warm and clever little film', 'the plot makes no sense at all', 'never again', 'perfect']
const usualPairs: readonly Example[] = usualTexts.map((text, row) => ({ text, pair: usualTexts[(row + 1) % usualTexts.length]! }))

const isOfPairs = ({ pairs }: BertTeacher, { dev }: QuantizeOptions): boolean => pairs ?? (dev !== undefined && taskOf(dev)?.pairs === true)

/** Far above what rounding does (0.01 was seen), far below what a saturating product does. */
const selfCheckTolerance = 0.25

/**
 * A teacher with the matrices of its layers and its word embeddings in int8: a fourth of its size in single precision, and
 * faster on the native engine. Biases, norms, position embeddings and the head stay as they are. With `dev` both are
 * evaluated, and a teacher that loses too much is refused.
 * @param teacher stays as it is; it may be in int8 already
 * @throws KdError of kind `option`, `mismatch` where dev's labels are not the teacher's, `data` for dev without labels,
 * `teacher` where int8 loses more than `mostLost`, `aborted`
 */
export async function quantize(teacher: BertTeacher, options: QuantizeOptions = {}): Promise<Quantized> {
  const { selfCheck = isOfPairs(teacher, options) ? usualPairs : usualTexts, name = `${teacher.name}, int8`, threads } = options
  if (selfCheck.length === 0) {
    throw new KdError({ kind: 'option', what: 'there must be at least one text', where: { option: 'selfCheck' } })
  }
  const { labels, maxLength } = teacher
  const exact = modelOf(teacher)
  const weights = quantizeWeights(exact.weights)
  const examples = selfCheck.map((one) => (typeof one === 'string' ? { text: one } : { text: one.text, pair: one.pair }))
  const stored = await storedAnswers({ ...exact, weights, selfCheck: undefined }, examples, teacher)
  const contents = modelContents({ ...exact, weights, labels, selfCheck: stored })
  const file = contents[modelFiles.weights] as Uint8Array
  const configJson = JSON.parse(String(contents[modelFiles.config])) as Record<string, unknown>
  const { tokenizerJson, settings } = exact
  const model: BertModel = {
    ...exact,
    weights,
    configJson,
    selfCheck: stored,
    bytes: file.byteLength,
    digest: digestOf([file], configJson, tokenizerJson, settings),
  }
  const forward = await forwardOn(weights, model.config, 'int8', threads)
  const made = (sections: BertModel['sections']) => new BertTeacher(name, { ...model, sections }, forward, { labels, maxLength })
  const quantized = made(exact.sections)
  if (options.dev === undefined) return { teacher: quantized }
  try {
    const check = await quantizationCheck(teacher, quantized, options.dev, options)
    return { teacher: made({ ...exact.sections, Measured: measuredSection(check) }), check }
  } catch (error) {
    await forward.dispose()
    throw error
  }
}

/** Products of whole numbers may round differently elsewhere: what is stored is the same weights' answer in single precision. */
async function storedAnswers(model: BertModel, examples: readonly Example[], { labels, maxLength }: BertTeacher): Promise<SelfCheck> {
  const widened = await inSinglePrecision(model, { labels, maxLength })
  try {
    const logits = await widened.logits(examples)
    const rounded = (value: number) => Number(value.toFixed(4))
    const rows = examples.map((example, row) => ({
      example,
      logits: [...logits.subarray(row * labels.length, (row + 1) * labels.length)].map(rounded),
    }))
    return { tolerance: selfCheckTolerance, rows }
  } finally {
    await widened.dispose()
  }
}
