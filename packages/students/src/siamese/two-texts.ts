import { type Example, KdError } from '@kd/core'

/** @throws KdError of kind `data` for a single text */
export function twoTexts({ text, pair }: Example): [string, string] {
  if (pair !== undefined) return [text, pair]
  throw new KdError({
    kind: 'data',
    what: 'this student reads pairs, and the example has one text',
    fix: 'Give { text, pair }, or describe the student by bilstm().',
  })
}
