import { type Lowering, symbolic } from './lowering.ts'

const fill: Lowering = (call) => {
  const { shape, value, dtype = 'float32' } = call.attributes
  return symbolic(call.graph.fill(dtype, shape, Number(value)), dtype)
}

/** Each element is the one before and a step, rounded each time, as TensorFlow.js has it. */
function steps<T extends Float32Array | Int32Array>(values: T, start: number, step: number): T {
  for (let at = 0; at < values.length; at++) values[at] = at === 0 ? start : values[at - 1]! + step
  return values
}

const range: Lowering = (call) => {
  const { start, stop, step, dtype = 'float32' } = call.attributes
  const none = start === stop || (start < stop && step < 0) || (stop < start && step > 1)
  const length = none ? 0 : Math.abs(Math.ceil((stop - start) / step))
  const values = dtype === 'int32' ? new Int32Array(length) : new Float32Array(length)
  return symbolic(call.graph.constant(dtype, [length], steps(values, start, stop < start && step === 1 ? -1 : step)), dtype)
}

const linSpace: Lowering = (call) => {
  const { start, stop, num } = call.attributes
  return symbolic(call.graph.constant('float32', [num], steps(new Float32Array(num), start, (stop - start) / (num - 1))))
}

/** Tensors out of nothing. */
export const creationLowerings = { Fill: fill, LinSpace: linSpace, Range: range } satisfies Record<string, Lowering>
