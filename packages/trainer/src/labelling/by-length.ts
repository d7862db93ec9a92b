import type { Example, Teacher } from '@kd/core'

/** Places of the examples, the shortest first, so that a batch has little padding. */
export function byLength(model: Pick<Teacher, 'lengths'>, examples: readonly Example[]): Uint32Array {
  const lengths = model.lengths?.(examples) ?? examples.map(({ text, pair = '' }) => text.length + pair.length)
  return Uint32Array.from(examples.keys()).sort((a, b) => lengths[a]! - lengths[b]! || a - b)
}
