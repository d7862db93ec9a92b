import { type Example, KdError, type Teacher } from '@kd/core'

/**
 * A teacher that says what it was made for gets no other.
 * @param position of the example, from 0
 * @throws KdError of kind `mismatch`
 */
export function checkReads({ name, pairs }: Pick<Teacher, 'name' | 'pairs'>, { pair }: Example, position: number): void {
  if (pairs === undefined || pairs === (pair !== undefined)) return
  throw new KdError({
    kind: 'mismatch',
    what: pairs
      ? `${name} reads pairs, and example ${position} is a single text`
      : `${name} reads single texts, and example ${position} is a pair`,
    where: { option: 'teacher' },
    fix: pairs
      ? "Name the second texts' column (columns: { pair: ... }), or take a teacher of single texts."
      : 'Leave the pair out (columns: { pair: undefined }), or take a teacher of pairs.',
  })
}
