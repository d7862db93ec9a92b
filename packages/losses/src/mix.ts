import { KdError } from '@kd/core'
import { addN, mul, type Tensor1D } from '@tensorflow/tfjs-core'
import { crossEntropy } from './cross-entropy.ts'
import { logitsMse } from './logits-mse.ts'
import type { Loss } from './loss.ts'

/**
 * The weighted sum of losses. A part of weight 0 is left out, with what it needs.
 * @param parts `[weight, loss]`, each weight 0 or above, at least one above 0
 * @throws KdError of kind `option`
 */
export function mix(parts: readonly (readonly [weight: number, loss: Loss])[]): Loss {
  for (const [weight] of parts) {
    if (!(weight >= 0 && Number.isFinite(weight))) {
      throw new KdError({ kind: 'option', what: `the weight ${weight} is not a number from 0`, where: { option: 'loss' } })
    }
  }
  const used = parts.filter(([weight]) => weight > 0)
  if (used.length === 0) {
    throw new KdError({ kind: 'option', what: 'a mix needs a loss with a weight above 0', where: { option: 'loss' } })
  }
  if (used.length === 1 && used[0]![0] === 1) return used[0]![1]
  return {
    name: used.map(([weight, loss]) => `${Number(weight.toPrecision(6))} ${loss.name}`).join(' + '),
    needs: { logits: used.some(([, { needs }]) => needs.logits), labels: used.some(([, { needs }]) => needs.labels) },
    perExample: (student, targets) => addN(used.map(([weight, loss]) => mul(loss.perExample(student, targets), weight))) as Tensor1D,
  }
}

/**
 * The paper's mix (section 3.2): alpha * cross-entropy + (1 - alpha) * distillation loss. The paper runs alpha = 0 on
 * the transfer set.
 * @param alpha from 0 to 1
 * @param soft the distillation loss; default: the paper's, `logitsMse()`
 * @throws KdError of kind `option`
 */
export function mixByAlpha(alpha: number, soft: Loss = logitsMse()): Loss {
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new KdError({ kind: 'option', what: `${alpha} is not a number from 0 to 1`, where: { option: 'alpha' } })
  }
  return mix([
    [1 - alpha, soft],
    [alpha, crossEntropy()],
  ])
}
