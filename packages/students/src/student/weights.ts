/** A student's dense weights in the layout of its layers, row-major. */
export interface DenseWeights {
  /** `[inputs, 8 * hidden]` */
  kernel: Float32Array
  /** `[2, hidden, 4 * hidden]` */
  recurrent: Float32Array
  /** `[8 * hidden]` */
  bias: Float32Array
  /** `[features, dense]` */
  denseKernel: Float32Array
  denseBias: Float32Array
  /** `[dense, classes]` */
  logitsKernel: Float32Array
  logitsBias: Float32Array
}

export interface Sizes {
  /** Components of a word's vector, all channels side by side. */
  readonly inputs: number
  readonly hidden: number
  /** What the dense layer reads: the states of a text, `2 * hidden`, or what is made of those of a pair. */
  readonly features: number
  readonly dense: number
  readonly classes: number
}

const directions = ['', '_reverse'] as const

/** The weights by the names and in the layout of PyTorch, as files hold them (`tensorShapes` of @kd/runtime). */
export function toNamed(weights: DenseWeights, { inputs, hidden, features, dense, classes }: Sizes): Record<string, Float32Array> {
  const gates = 4 * hidden
  const named: Record<string, Float32Array> = {}
  const kernel = transpose(weights.kernel, inputs, 2 * gates)
  directions.forEach((direction, index) => {
    named[`lstm.weight_ih_l0${direction}`] = kernel.slice(index * gates * inputs, (index + 1) * gates * inputs)
    named[`lstm.weight_hh_l0${direction}`] = transpose(
      weights.recurrent.subarray(index * hidden * gates, (index + 1) * hidden * gates),
      hidden,
      gates,
    )
    named[`lstm.bias_ih_l0${direction}`] = weights.bias.slice(index * gates, (index + 1) * gates)
  })
  named['dense.weight'] = transpose(weights.denseKernel, features, dense)
  named['dense.bias'] = weights.denseBias.slice()
  named['logits.weight'] = transpose(weights.logitsKernel, dense, classes)
  named['logits.bias'] = weights.logitsBias.slice()
  return named
}

/** The way back from `toNamed`. */
export function fromNamed(
  named: Readonly<Record<string, Float32Array>>,
  { inputs, hidden, features, dense, classes }: Sizes,
): DenseWeights {
  const gates = 4 * hidden
  const both = (name: string) => directions.map((direction) => named[`lstm.${name}${direction}`]!)
  return {
    kernel: transpose(concat(both('weight_ih_l0')), 2 * gates, inputs),
    recurrent: concat(both('weight_hh_l0').map((weight) => transpose(weight, gates, hidden))),
    bias: concat(both('bias_ih_l0')),
    denseKernel: transpose(named['dense.weight']!, dense, features),
    denseBias: named['dense.bias']!.slice(),
    logitsKernel: transpose(named['logits.weight']!, classes, dense),
    logitsBias: named['logits.bias']!.slice(),
  }
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[row * columns + column]!
  return out
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
