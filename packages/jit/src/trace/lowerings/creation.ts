import { type Lowering, symbolic } from './lowering.ts'

const fill: Lowering = (call) => {
  const { shape, value, dtype = 'float32' } = call.attributes
  return symbolic(call.graph.fill(dtype, shape, Number(value)), dtype)
}

const range: Lowering = (call) => {
  const { start, stop, step, dtype } = call.attributes
  const length = Math.max(0, Math.ceil((stop - start) / (step || (stop < start ? -1 : 1))))
  const by = step === 1 && stop < start ? -1 : step || 1
  const values = Array.from({ length }, (_, index) => start + index * by)
  const data = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)
  return symbolic(call.graph.constant(dtype, [length], data), dtype)
}

const linSpace: Lowering = (call) => {
  const { start, stop, num } = call.attributes
  const data = Float32Array.from({ length: num }, (_, index) => start + (index * (stop - start)) / Math.max(1, num - 1))
  return symbolic(call.graph.constant('float32', [num], data))
}

/** Tensors out of nothing. */
export const creationLowerings = { Fill: fill, LinSpace: linSpace, Range: range } satisfies Record<string, Lowering>
