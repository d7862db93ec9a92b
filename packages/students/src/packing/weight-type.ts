import { KdError } from '@kd/core'
import type { WeightType } from '@kd/runtime'

const types: readonly WeightType[] = ['float32', 'int8', 'int4']

/** @throws KdError of kind `option` */
export function checkWeightType(type: WeightType): void {
  if (types.includes(type)) return
  throw new KdError({ kind: 'option', what: `${JSON.stringify(type)} is none of ${types.join(', ')}`, where: { option: 'weights' } })
}
