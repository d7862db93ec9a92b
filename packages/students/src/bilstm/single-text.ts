import { type Example, KdError } from '@kd/core'

/** @throws KdError of kind `data` for a pair */
export function singleText({ text, pair }: Example): string {
  if (pair === undefined) return text
  throw new KdError({
    kind: 'data',
    what: 'this student reads one text, and the example has a pair',
    fix: 'Describe the student by siamese(), or leave the pair out.',
  })
}
