import { channelNames } from '@kd/runtime'
import type { StudentDescription } from './description.ts'
import { kinds } from './kinds.ts'
import type { Sizes } from './weights.ts'

/** The sizes that a description asks for. */
export function sizesOf({ student, channels, dimensions, hidden, dense }: StudentDescription, classes: number): Sizes {
  return { inputs: channelNames(channels).length * dimensions, hidden, features: 2 * hidden * kinds[student].statesRead, dense, classes }
}
