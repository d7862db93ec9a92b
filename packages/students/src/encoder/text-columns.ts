import type { StepInputs } from '@kd/jit'
import { bucket, bucketStep } from './buckets.ts'

/**
 * Word ids `[2, length, ...shape]`, each direction left-aligned, and where the texts end, `[ends, ...shape, 1]`: see
 * `finalStates`.
 * @param columns a text's word ids each, or nothing: a column of padding
 * @param shape how the columns are counted; its product is their number
 */
export function textColumns(columns: readonly (Int32Array | undefined)[], shape: readonly number[]): Required<StepInputs> {
  const width = columns.length
  const lengths = columns.flatMap((text) => text?.length ?? [])
  const longest = Math.max(1, ...lengths)
  const length = bucket(longest)
  // A batch of one bucket ends within its last step; a mixed one may end anywhere.
  const ends = Math.min(...lengths, longest) > length - bucketStep(longest) ? bucketStep(longest) : length
  const ids = new Int32Array(2 * length * width)
  const ended = new Float32Array(ends * width)
  for (const [column, text] of columns.entries()) {
    if (!text) continue
    const last = text.length - 1
    for (let place = 0; place <= last; place++) {
      ids[place * width + column] = text[place]!
      ids[(length + place) * width + column] = text[last - place]!
    }
    ended[(last - length + ends) * width + column] = 1
  }
  return { ids: { data: ids, shape: [2, length, ...shape] }, inputs: { ends: { data: ended, shape: [ends, ...shape, 1] } } }
}
