import { Random } from '@kd/core'
import type { DenseWeights, Sizes } from './weights.ts'

/**
 * First weights as PyTorch draws them: uniform within 1 / sqrt(hidden) for the LSTM (its bias the sum of PyTorch's two),
 * within 1 / sqrt(inputs of the layer) for the linear layers and their biases.
 */
export function initialWeights({ inputs, hidden, features, dense, classes }: Sizes, seed: number): DenseWeights {
  const uniform = (purpose: string, length: number, fanIn: number) => {
    const random = new Random(seed, `weights ${purpose}`)
    const bound = 1 / Math.sqrt(fanIn)
    return Float32Array.from({ length }, () => (2 * random.uniform() - 1) * bound)
  }
  const bias = uniform('lstm.bias_ih', 8 * hidden, hidden)
  const second = uniform('lstm.bias_hh', 8 * hidden, hidden)
  return {
    kernel: uniform('lstm.weight_ih', inputs * 8 * hidden, hidden),
    recurrent: uniform('lstm.weight_hh', 2 * hidden * 4 * hidden, hidden),
    bias: bias.map((value, place) => value + second[place]!),
    denseKernel: uniform('dense.weight', features * dense, features),
    denseBias: uniform('dense.bias', dense, features),
    logitsKernel: uniform('logits.weight', dense * classes, dense),
    logitsBias: uniform('logits.bias', classes, dense),
  }
}
