import { KdError } from '@kd/core'
import type { PackedMatrix } from '../packed-student.ts'
import type { Kernels } from './kernels.ts'
import type { Served } from './served.ts'
import { webAssembly } from './web-assembly.ts'

/** What assembly/kernels.ts exports. */
interface Exports {
  pack(
    from: number,
    to: number,
    blocks: number,
    columns: number,
    pairs: number,
    blockRows: number,
    halfRows: number,
    partRows: number,
    limit: number,
  ): void
  product(weights: number, x: number, pairs: number, blocks: number, sums: number): void
  quantize(x: number, count: number, to: number, most: number): number
  affine(sums: number, scales: number, scale: number, start: number, blocks: number, out: number): void
  run(
    places: number,
    step: number,
    length: number,
    slots: number,
    slotBytes: number,
    scaleAt: number,
    projectionsAt: number,
    weights: number,
    scales: number,
    blocks: number,
    sums: number,
    c: number,
    x: number,
    h: number,
    most: number,
  ): void
  pairFeatures(a: number, b: number, count: number, out: number): void
}

/** 32-bit sums of 8-bit weights (with an offset, 0 to 255) times activations of so many columns stay exact. */
const largest = (columns: number) => Math.min(32_767, Math.floor((2 ** 31 - 1) / (255 * columns)))
const rounded = (count: number, to: number) => to * Math.ceil(count / to)

/** Bytes from which on a student is refused: an address has 32 bits, and a page may have less. */
const mostMemory = 2 ** 31

/**
 * Kernels in WebAssembly. One memory holds, in this order: weights in blocks with their scales and biases, which stay;
 * the buffers of one text; the slots of words. A slot is two scales and, 16 bytes on, both directions' projections.
 */
export function wasmKernels(module: object, served: Served, cacheBytes: number): Kernels {
  const { config, inputs, readRow, matrices, vectors } = served
  const { hidden, dense, labels, vocabularySize, maxLength } = config
  const paired = config.student === 'siamese'
  const states = 2 * hidden
  const features = paired ? 3 * states : states
  const blocks = Math.ceil(hidden / 8)
  const denseBlocks = Math.ceil(dense / 32)

  let end = 16
  const allocate = (bytes: number) => (end += rounded(bytes, 64)) - rounded(bytes, 64)
  const matrix = (blocks: number, columns: number) => allocate(blocks * 32 * rounded(columns, 8))
  const floats = (count: number) => allocate(4 * count)

  const input = matrix(2 * blocks, inputs)
  const inputScales = floats(64 * blocks)
  const inputBias = floats(64 * blocks)
  const recurrent = [matrix(blocks, 8 * blocks), matrix(blocks, 8 * blocks)] as const
  const recurrentScales = [floats(32 * blocks), floats(32 * blocks)] as const
  const first = paired ? matrix(denseBlocks, states) : 0
  const last = matrix(denseBlocks, features)
  const row = floats(rounded(Math.max(inputs, features), 8))
  const activations = allocate(2 * rounded(Math.max(inputs, features), 8))
  const sums = floats(32 * Math.max(2 * blocks, denseBlocks))
  const projected = floats(64 * blocks)
  const cells = floats(8 * blocks)
  const x = allocate(16 * blocks)
  const h = floats(states + 8)
  const kept = floats(rounded(states, 8))
  const placesAt = floats(maxLength)
  const slotsAt = end

  const slotBytes = 16 + 128 * blocks
  const words = Math.min(vocabularySize, maxLength)
  const slots = Math.max(words, Math.min(vocabularySize, Math.floor(cacheBytes / slotBytes)))
  allocate(slots * slotBytes)
  const staged = Math.max(...Object.values(matrices).map(({ values }) => values.length))
  end = Math.max(end, slotsAt + staged)
  if (end > mostMemory) {
    throw new KdError({ kind: 'engine', what: `it needs ${end} bytes of memory, more than ${mostMemory}` })
  }
  const memory = new webAssembly!.Memory({ initial: Math.ceil(end / 65_536) })
  const wasm = new webAssembly!.Instance(module, { env: { memory } }).exports as unknown as Exports
  const [bytes, singles] = [new Uint8Array(memory.buffer), new Float32Array(memory.buffer)]

  const most = largest(8 * blocks)
  const mostOf = (columns: number) => largest(rounded(columns, 8))
  ;['', '_reverse'].forEach((direction, index) => {
    const ofInput = matrices[`lstm.weight_ih_l0${direction}`]!
    const ofStates = matrices[`lstm.weight_hh_l0${direction}`]!
    packGates(ofInput, input + index * blocks * 32 * rounded(inputs, 8))
    packGates(ofStates, recurrent[index]!)
    gates(ofInput.scales, 1, inputScales + index * blocks * 128)
    gates(vectors[`lstm.bias_ih_l0${direction}`]!, 1, inputBias + index * blocks * 128)
    gates(ofStates.scales, 1 / most, recurrentScales[index]!)
  })
  const head = matrices['dense.weight']!
  if (paired) packRows(columnsOf(head, 0, states), first)
  packRows(paired ? columnsOf(head, states, head.columns) : head, last)
  bytes.fill(0, slotsAt, slotsAt + staged)

  const places = new Int32Array(memory.buffer, placesAt, maxLength)
  const result = new Float32Array(memory.buffer, h, states)
  const bias = vectors['dense.bias']!
  const [logitsWeight, logitsBias] = [vectors['logits.weight']!, vectors['logits.bias']!]
  const start = Float32Array.from(bias)
  const sumOf = new Int32Array(memory.buffer, sums, 32 * denseBlocks)
  const [inputPairs, statePairs, featurePairs] = [inputs, states, features].map((count) => rounded(count, 8) / 2) as [
    number,
    number,
    number,
  ]

  return {
    engine: 'wasm',
    slots,
    places,
    project(word, slot) {
      readRow(word, singles, row >> 2)
      singles.fill(0, (row >> 2) + inputs, (row >> 2) + 2 * inputPairs)
      const scale = wasm.quantize(row, 2 * inputPairs, activations, mostOf(inputs))
      wasm.product(input, activations, inputPairs, 2 * blocks, sums)
      wasm.affine(sums, inputScales, scale, inputBias, 2 * blocks, projected)
      const at = slotsAt + slot * slotBytes
      for (let direction = 0; direction < 2; direction++) {
        const to = at + 16 + direction * blocks * 64
        singles[(at >> 2) + direction] = wasm.quantize(projected + direction * blocks * 128, 32 * blocks, to, 32_767)
      }
    },
    states(length) {
      for (let direction = 0; direction < 2; direction++) {
        const from = placesAt + (direction === 0 ? 0 : 4 * (length - 1))
        const step = direction === 0 ? 4 : -4
        const [scaleAt, projectionsAt] = [4 * direction, 16 + direction * blocks * 64]
        const [weights, scales, out] = [recurrent[direction]!, recurrentScales[direction]!, h + direction * 4 * hidden]
        wasm.run(from, step, length, slotsAt, slotBytes, scaleAt, projectionsAt, weights, scales, blocks, sums, cells, x, out, most)
      }
      return result
    },
    keepFirst(a) {
      singles.set(a, kept >> 2)
      singles.set(a, row >> 2)
      const scale = activate(states, statePairs)
      wasm.product(first, activations, statePairs, denseBlocks, sums)
      for (let unit = 0; unit < dense; unit++) start[unit] = bias[unit]! + sumOf[unit]! * head.scales[unit]! * scale
    },
    classify(b, logits) {
      if (paired) {
        if (b !== result) result.set(b)
        wasm.pairFeatures(kept, h, states, row)
      } else singles.set(b, row >> 2)
      const scale = activate(features, featurePairs)
      wasm.product(last, activations, featurePairs, denseBlocks, sums)
      logits.set(logitsBias)
      for (let unit = 0; unit < dense; unit++) {
        const value = start[unit]! + sumOf[unit]! * head.scales[unit]! * scale
        if (value > 0) for (let label = 0; label < labels.length; label++) logits[label]! += value * logitsWeight[label * dense + unit]!
      }
    },
  }

  /** The activations of what stands in `row`; returns their scale. */
  function activate(count: number, pairs: number): number {
    singles.fill(0, (row >> 2) + count, (row >> 2) + 2 * pairs)
    return wasm.quantize(row, 2 * pairs, activations, mostOf(count))
  }

  function stage({ values }: PackedMatrix): number {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.length), slotsAt)
    return slotsAt
  }

  function packGates(of: PackedMatrix, to: number): void {
    const columns = of.columns === hidden ? 8 * blocks : rounded(of.columns, 8)
    wasm.pack(stage(of), to, blocks, of.columns, columns / 2, 8, 4, hidden, hidden)
  }

  function packRows(of: PackedMatrix, to: number): void {
    wasm.pack(stage(of), to, denseBlocks, of.columns, rounded(of.columns, 8) / 2, 32, 16, 4, dense)
  }

  /** One number for each row of the gates, in the order of the blocks; all but the cell's halved (see the kernels). */
  function gates(values: Float32Array, factor: number, to: number): void {
    for (let unit = 0; unit < hidden; unit++) {
      for (let part = 0; part < 4; part++) {
        singles[(to >> 2) + (unit >> 2) * 16 + part * 4 + (unit & 3)] = values[part * hidden + unit]! * factor * (part === 2 ? 1 : 0.5)
      }
    }
  }
}

function columnsOf({ values, scales, columns }: PackedMatrix, from: number, to: number): PackedMatrix {
  const part = new Int8Array(scales.length * (to - from))
  for (let row = 0; row < scales.length; row++) part.set(values.subarray(row * columns + from, row * columns + to), row * (to - from))
  return { values: part, scales, columns: to - from }
}
