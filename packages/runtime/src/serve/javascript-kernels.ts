import type { PackedMatrix } from '../packed-student.ts'
import type { Kernels } from './kernels.ts'
import type { Served } from './served.ts'

/**
 * Kernels where WebAssembly is forbidden. Rows go in fours, `[row / 4][column][row % 4]`: of the LSTM the four gates of a
 * unit, of the dense layer four neighbours.
 */
export function javascriptKernels({ config, inputs, readRow, matrices, vectors }: Served, cacheBytes: number): Kernels {
  const { hidden, labels } = config
  const paired = config.student === 'siamese'
  const states = 2 * hidden
  const units = 4 * Math.ceil(config.dense / 4)
  const gate = (place: number) => (place & 3) * hidden + (place >> 2)
  const gates = (name: string) => inFours(matrices[name]!, 4 * hidden, gate)
  const directions = ['', '_reverse'].map((direction) => ({
    input: gates(`lstm.weight_ih_l0${direction}`),
    bias: vectors[`lstm.bias_ih_l0${direction}`]!.map((_, place, bias) => bias[gate(place)]!),
    recurrent: gates(`lstm.weight_hh_l0${direction}`),
  }))
  const dense = inFours(matrices['dense.weight']!, units, (row) => row)
  const first = Float32Array.from({ length: units }, (_, row) => vectors['dense.bias']![row] ?? 0)
  const [logitsWeight, logitsBias] = [vectors['logits.weight']!, vectors['logits.bias']!]

  const slotSize = 8 * hidden
  const words = Math.min(config.vocabularySize, config.maxLength)
  const slots = Math.max(words, Math.min(config.vocabularySize, Math.floor(cacheBytes / (4 * slotSize))))
  const projections = new Float32Array(slots * slotSize)
  const places = new Int32Array(config.maxLength)
  const [x, z, h, c] = [new Float32Array(inputs), new Float32Array(4 * hidden), new Float32Array(states), new Float32Array(hidden)]
  const features = new Float32Array(paired ? 4 * states : states)
  const activations = new Float32Array(units)
  const start = first.slice()

  return {
    engine: 'javascript',
    slots,
    places,
    project(word, slot) {
      readRow(word, x, 0)
      directions.forEach(({ input, bias }, direction) => {
        const at = slot * slotSize + direction * 4 * hidden
        multiply(input, x, 0, inputs, inputs, bias, 0, projections, at, 4 * hidden)
      })
    },
    states(length) {
      for (let direction = 0; direction < 2; direction++) {
        const { recurrent } = directions[direction]!
        const from = direction * hidden
        c.fill(0)
        for (let step = 0; step < length; step++) {
          const place = places[direction === 0 ? step : length - 1 - step]! * slotSize + direction * 4 * hidden
          if (step === 0) gatesOf(projections, place, c, h, from, hidden)
          else {
            multiply(recurrent, h, from, hidden, hidden, projections, place, z, 0, 4 * hidden)
            gatesOf(z, 0, c, h, from, hidden)
          }
        }
      }
      return h
    },
    keepFirst(a) {
      features.set(a)
      multiply(dense, a, 0, states, features.length, first, 0, start, 0, units)
    },
    classify(b, logits) {
      if (paired) {
        for (let i = 0; i < states; i++) {
          const [p, q] = [features[i]!, b[i]!]
          features[states + i] = q
          features[2 * states + i] = p * q
          features[3 * states + i] = Math.abs(p - q)
        }
        multiply(dense.subarray(4 * states), features, states, 3 * states, features.length, start, 0, activations, 0, units)
      } else multiply(dense, b, 0, states, states, first, 0, activations, 0, units)
      for (let label = 0, at = 0; label < labels.length; label++) {
        let sum = logitsBias[label]!
        for (let unit = 0; unit < config.dense; unit++, at++) {
          const value = activations[unit]!
          if (value > 0) sum += value * logitsWeight[at]!
        }
        logits[label] = sum
      }
    },
  }
}

/** `out = start + weights x` for `rows` rows; a row has `stride` columns, the first `columns` of them are used. */
function multiply(
  weights: Float32Array,
  x: Float32Array,
  xAt: number,
  columns: number,
  stride: number,
  start: Float32Array,
  startAt: number,
  out: Float32Array,
  outAt: number,
  rows: number,
): void {
  for (let row = 0; row < rows; row += 4) {
    let a = start[startAt + row]!
    let b = start[startAt + row + 1]!
    let c = start[startAt + row + 2]!
    let d = start[startAt + row + 3]!
    for (let i = 0, w = row * stride; i < columns; i++, w += 4) {
      const value = x[xAt + i]!
      a += weights[w]! * value
      b += weights[w + 1]! * value
      c += weights[w + 2]! * value
      d += weights[w + 3]! * value
    }
    out[outAt + row] = a
    out[outAt + row + 1] = b
    out[outAt + row + 2] = c
    out[outAt + row + 3] = d
  }
}

/** New cells `c` and states `h` of the gates `z`: input, forget, cell, output for each unit in turn. */
function gatesOf(z: Float32Array, zAt: number, c: Float32Array, h: Float32Array, hAt: number, hidden: number): void {
  for (let unit = 0, at = zAt; unit < hidden; unit++, at += 4) {
    const cell = sigmoid(z[at + 1]!) * c[unit]! + sigmoid(z[at]!) * Math.tanh(z[at + 2]!)
    c[unit] = cell
    h[hAt + unit] = sigmoid(z[at + 3]!) * Math.tanh(cell)
  }
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

/** A matrix's weights in fours of rows; `rowOf` says which row stands at a place, those beyond the matrix are zero. */
function inFours({ values, scales, columns }: PackedMatrix, rows: number, rowOf: (place: number) => number): Float32Array {
  const out = new Float32Array(rows * columns)
  for (let place = 0; place < rows; place++) {
    const row = rowOf(place)
    if (row >= scales.length) continue
    const scale = scales[row]!
    for (let i = row * columns, at = (place & ~3) * columns + (place & 3), end = i + columns; i < end; i++, at += 4) {
      out[at] = values[i]! * scale
    }
  }
  return out
}
