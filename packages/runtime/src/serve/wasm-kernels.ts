import { KdError } from '@kd/core'
import type { PackedMatrix } from '../packed-student.ts'
import type { Kernels } from './kernels.ts'
import type { Served } from './served.ts'
import { webAssembly } from './web-assembly.ts'

/** What assembly/kernels.ts exports. */
interface Exports {
  pack(from: number, to: number, rows: number, columns: number, stride: number, gates: boolean): void
  gates(from: number, to: number, hidden: number, factor: number): void
  quantize(x: number, count: number, to: number, most: number): number
  layer(
    row: number,
    count: number,
    most: number,
    x: number,
    weights: number,
    blocks: number,
    sums: number,
    scales: number,
    start: number,
    out: number,
  ): void
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
  rectified(x: number, weights: number, count: number): number
}

const rounded = (count: number, to: number) => to * Math.ceil(count / to)
/** 32-bit sums of 8-bit weights (with an offset, 0 to 255) times activations of so many columns stay exact. */
const largest = (columns: number) => Math.min(32_767, Math.floor((2 ** 31 - 1) / (255 * rounded(columns, 8))))

/** Bytes from which on a student is refused: an address has 32 bits, and a page may have less. */
const mostMemory = 2 ** 31

/**
 * Kernels in WebAssembly. One memory holds, in this order: weights in blocks with their scales and biases, which stay;
 * the buffers of one text; the slots of words. What both directions have stands side by side; a slot is two scales and,
 * 16 bytes on, both directions' projections.
 */
export function wasmKernels(module: object, served: Served, cacheBytes: number): Kernels {
  const { config, inputs, readRow, matrices, vectors } = served
  const { hidden, dense, labels, vocabularySize, maxLength } = config
  const paired = config.student === 'siamese'
  const states = 2 * hidden
  const features = paired ? 3 * states : states
  const blocks = Math.ceil(hidden / 8)
  const denseBlocks = Math.ceil(dense / 32)
  const units = 32 * denseBlocks
  const gateRows = 32 * blocks

  let end = 16
  const allocate = (bytes: number) => (end += rounded(bytes, 64)) - rounded(bytes, 64)
  const matrix = (rows: number, columns: number) => allocate(rows * rounded(columns, 8))
  const floats = (count: number) => allocate(4 * count)

  const input = matrix(2 * gateRows, inputs)
  const inputScales = floats(2 * gateRows)
  const inputBias = floats(2 * gateRows)
  const recurrent = matrix(2 * gateRows, hidden)
  const recurrentScales = floats(2 * gateRows)
  const first = matrix(units, states)
  const last = matrix(units, features)
  const denseScales = floats(units)
  const denseBias = floats(units)
  const logitsWeight = floats(units * labels.length)
  const row = floats(rounded(Math.max(inputs, features), 8))
  const x = floats(Math.max(inputs, features, 8 * blocks))
  const sums = floats(Math.max(2 * gateRows, units))
  const projected = floats(2 * gateRows)
  const start = floats(units)
  const activated = floats(units)
  const cells = floats(8 * blocks)
  const h = floats(states + 8)
  const kept = floats(states + 8)
  const placesAt = floats(maxLength)
  const slotsAt = end

  const slotBytes = 16 + 4 * gateRows
  const words = Math.min(vocabularySize, maxLength)
  const slots = Math.max(words, Math.min(vocabularySize, Math.floor(cacheBytes / slotBytes)))
  allocate(slots * slotBytes)
  const staged = Math.max(...Object.values(matrices).map(({ values }) => values.length))
  end = Math.max(end, slotsAt + staged + 8)
  if (end > mostMemory) {
    throw new KdError({ kind: 'engine', what: `it needs ${end} bytes of memory, more than ${mostMemory}` })
  }
  const memory = new webAssembly!.Memory({ initial: Math.ceil(end / 65_536) })
  const wasm = new webAssembly!.Instance(module, { env: { memory } }).exports as unknown as Exports
  const [bytes, singles] = [new Uint8Array(memory.buffer), new Float32Array(memory.buffer)]

  const most = largest(hidden)
  ;['', '_reverse'].forEach((direction, index) => {
    const ofInput = matrices[`lstm.weight_ih_l0${direction}`]!
    const ofStates = matrices[`lstm.weight_hh_l0${direction}`]!
    const at = index * gateRows
    wasm.pack(stage(ofInput), input + at * rounded(inputs, 8), hidden, inputs, inputs, true)
    wasm.pack(stage(ofStates), recurrent + at * rounded(hidden, 8), hidden, hidden, hidden, true)
    gates(ofInput.scales, 1, inputScales + 4 * at)
    gates(vectors[`lstm.bias_ih_l0${direction}`]!, 1, inputBias + 4 * at)
    gates(ofStates.scales, 1 / most, recurrentScales + 4 * at)
  })
  const head = matrices['dense.weight']!
  const staging = stage(head)
  if (paired) wasm.pack(staging, first, dense, states, head.columns, false)
  wasm.pack(staging + head.columns - features, last, dense, features, head.columns, false)
  bytes.fill(0, slotsAt, slotsAt + staged)
  singles.set(head.scales, denseScales >> 2)
  singles.set(vectors['dense.bias']!, denseBias >> 2)
  labels.forEach((_, label) => {
    singles.set(vectors['logits.weight']!.subarray(label * dense, (label + 1) * dense), (logitsWeight >> 2) + label * units)
  })

  const result = new Float32Array(memory.buffer, h, states)
  const logitsBias = vectors['logits.bias']!

  return {
    engine: 'wasm',
    slots,
    places: new Int32Array(memory.buffer, placesAt, maxLength),
    project(word, slot) {
      readRow(word, singles, row >> 2)
      layer(inputs, input, 2 * blocks, inputScales, inputBias, projected)
      const at = slotsAt + slot * slotBytes
      for (let direction = 0; direction < 2; direction++) {
        const to = at + 16 + direction * 2 * gateRows
        singles[(at >> 2) + direction] = wasm.quantize(projected + direction * 4 * gateRows, gateRows, to, 32_767)
      }
    },
    states(length) {
      for (let direction = 0; direction < 2; direction++) {
        const from = placesAt + (direction === 0 ? 0 : 4 * (length - 1))
        const [step, at] = [direction === 0 ? 4 : -4, direction * gateRows]
        const [weights, scales, out] = [recurrent + at * rounded(hidden, 8), recurrentScales + 4 * at, h + direction * 4 * hidden]
        wasm.run(from, step, length, slotsAt, slotBytes, 4 * direction, 16 + 2 * at, weights, scales, blocks, sums, cells, x, out, most)
      }
      return result
    },
    keepFirst(a) {
      singles.set(a, kept >> 2)
      singles.set(a, row >> 2)
      layer(states, first, denseBlocks, denseScales, denseBias, start)
    },
    classify(b, logits) {
      if (paired) {
        if (b !== result) result.set(b)
        wasm.pairFeatures(kept, h, states, row)
      } else singles.set(b, row >> 2)
      layer(features, last, denseBlocks, denseScales, paired ? start : denseBias, activated)
      for (let label = 0; label < labels.length; label++) {
        logits[label] = logitsBias[label]! + wasm.rectified(activated, logitsWeight + 4 * label * units, units)
      }
    },
  }

  /** Of the first `count` numbers that stand in `row`. */
  function layer(count: number, weights: number, blocks: number, scales: number, from: number, to: number): void {
    wasm.layer(row, count, largest(count), x, weights, blocks, sums, scales, from, to)
  }

  function stage({ values }: PackedMatrix): number {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.length), slotsAt)
    return slotsAt
  }

  function gates(values: Float32Array, factor: number, to: number): void {
    singles.set(values, slotsAt >> 2)
    wasm.gates(slotsAt, to, hidden, factor)
  }
}
