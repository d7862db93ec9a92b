import { throwIfAborted } from '../error.ts'
import { type Example, textKey } from '../example.ts'
import type { Teacher } from '../teacher.ts'

export interface FakeTeacherOptions {
  name?: string
  labels?: readonly string[]
  /** Logits of one example. Default: the count of `+` minus that of `-` in the text for the last class, its negative for the others. */
  logitsOf?: (example: Example) => readonly number[]
  /** Called with each batch before it is answered. */
  onBatch?: (examples: readonly Example[]) => void | Promise<void>
}

/** A teacher whose logits follow from the text, so that every expected value can be worked out by eye. */
export function fakeTeacher({ name = 'fake', labels = ['negative', 'positive'], logitsOf, onBatch }: FakeTeacherOptions = {}): Teacher {
  const count = (text: string, character: string) => text.split(character).length - 1
  const logits =
    logitsOf ??
    ((example: Example) => {
      const score = count(textKey(example), '+') - count(textKey(example), '-')
      return labels.map((_, index) => (index === labels.length - 1 ? score : -score))
    })
  return {
    name,
    labels,
    async logits(examples, { signal } = {}) {
      throwIfAborted(signal)
      await onBatch?.(examples)
      return Float32Array.from(examples.flatMap((example) => logits(example)))
    },
    lengths: (examples) => examples.map((example) => textKey(example).length),
  }
}
