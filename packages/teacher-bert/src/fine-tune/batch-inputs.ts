import type { OnnxTensor, StepInputs } from '@kd/jit'
import type { BertConfig } from '../checkpoint/config.ts'
import { placesOf } from '../forward/places.ts'
import type { Encoding } from '../tokenizer/tokenizer.ts'

/** What an example should answer: an index of a class, or a number; and how much it counts. */
export interface Target {
  readonly value: number
  readonly weight: number
}

export interface BatchShape {
  /** Rows; those beyond the examples are padding and weigh nothing. */
  readonly size: number
  /** Tokens a row. */
  readonly length: number
  readonly regression: boolean
}

/** A batch's inputs for `modelLoss`; the weights of its examples are divided by their sum, as PyTorch's mean does. */
export function batchInputs(
  encodings: readonly Encoding[],
  targets: readonly Target[],
  { size, length, regression }: BatchShape,
  config: BertConfig,
): StepInputs {
  const shape = [size, length]
  const ids = new Int32Array(size * length).fill(config.padding ?? 0)
  const types = new Int32Array(size * length)
  const mask = new Float32Array(size * length)
  // Rows beyond the examples repeat the first, so that attention has something to look at.
  for (let row = 0; row < size; row++) {
    const encoding = encodings[row] ?? encodings[0]!
    ids.set(encoding.ids, row * length)
    types.set(encoding.types, row * length)
    mask.fill(1, row * length, row * length + encoding.ids.length)
  }
  const values = new (regression ? Float32Array : Int32Array)(size)
  const weights = new Float32Array(size)
  const sum = targets.reduce((sum, { weight }) => sum + weight, 0)
  targets.forEach(({ value, weight }, row) => {
    values[row] = value
    weights[row] = weight / sum
  })
  const inputs: Record<string, OnnxTensor> = {
    mask: { data: mask, shape },
    targets: { data: values, shape: regression ? [size, 1] : [size] },
    weights: { data: weights, shape: [size] },
  }
  if (config.types > 0) inputs.types = { data: types, shape }
  if (config.firstPosition > 0) inputs.places = { data: placesOf(ids, length, config), shape }
  return { ids: { data: ids, shape, room: size * length }, inputs }
}
