import { type Example, KdError, type LogitsOptions, type Teacher } from '@kd/core'
import { type Answers, answeredLogits } from './answers.ts'
import { checkSoftening, type SoftenOptions } from './soft-targets.ts'

export interface FunctionTeacherOptions extends SoftenOptions {
  /** Logits are stored under it: change it when the answers change, as in `rules@2`. */
  name: string
  /** Two or more different names of classes. */
  labels: readonly string[]
  /** Logits, probabilities or labels of some texts; may be called again for texts whose answer was lost. */
  answer(examples: readonly Example[], options: LogitsOptions): Answers | Promise<Answers>
}

/**
 * A teacher from any function that answers for texts: with logits, probabilities or labels.
 * @throws KdError of kind `option`; its `logits` fail with kind `teacher` where an answer is unusable
 */
export function functionTeacher({ name, labels, answer, ...soften }: FunctionTeacherOptions): Teacher {
  checkLabels(labels)
  if (!name) throw new KdError({ kind: 'option', what: 'a teacher needs a name', where: { option: 'name' }, fix: "name: 'rules@1'" })
  if (typeof answer !== 'function') {
    throw new KdError({
      kind: 'option',
      what: 'answer is no function',
      where: { option: 'answer' },
      fix: 'answer: async (examples) => ({ probabilities: [...] })',
    })
  }
  const softening = checkSoftening(soften, labels.length)
  return {
    name,
    labels,
    logits: async (examples, options = {}) =>
      answeredLogits(await answer(examples, options), examples, labels, `teacher ${name}`, softening),
    lengths: alike,
  }
}

/** @throws KdError of kind `option` */
export function checkLabels(labels: readonly string[]): void {
  if (Array.isArray(labels) && labels.length > 1 && new Set(labels).size === labels.length) return
  throw new KdError({
    kind: 'option',
    what: `${JSON.stringify(labels) ?? 'nothing'} are not two or more different names`,
    where: { option: 'labels' },
    fix: "Name each class once, in the order of the answers: labels: ['no', 'yes'].",
  })
}

/** Lengths of examples for a teacher that does not pad: all alike, so that batches are full. */
export const alike = (examples: readonly Example[]): Uint8Array => new Uint8Array(examples.length)
