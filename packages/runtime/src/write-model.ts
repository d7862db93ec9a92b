import { KdError, writeSafetensors } from '@kd/core'
import { modelFiles, tensorShapes } from './model-config.ts'
import type { Model } from './model-file.ts'

/**
 * The files of a student, but its card: contents by file name. Equal students give equal bytes.
 * @throws KdError of kind `numeric` for weights that `readModel` would refuse
 */
export function writeModel({ config, vocabulary, weights }: Model): Record<string, Uint8Array | string> {
  const shapes = tensorShapes(config)
  for (const name of Object.keys(shapes)) {
    if (weights[name]!.every(Number.isFinite)) continue
    const fix = 'Train again with a lower learning rate.'
    throw new KdError({ kind: 'numeric', what: 'it holds values that are not finite', where: { tensor: name }, fix })
  }
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { data: weights[name]!, shape }]))
  return {
    [modelFiles.config]: `${JSON.stringify(config, null, 2)}\n`,
    [modelFiles.weights]: writeSafetensors(tensors, { format: 'pt' }),
    [modelFiles.vocabulary]: vocabulary.toText(),
  }
}
