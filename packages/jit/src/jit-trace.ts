import * as tf from '@tensorflow/tfjs-core'
import type { Engine } from './engines/engine.ts'
import { Compiled } from './engines/native/compiled.ts'
import { type HeldVariables, inputName, outputName } from './held-variables.ts'
import { randomFeeds } from './random-ops.ts'
import type { RandomUse } from './random-use.ts'
import { mapTensors, type Structure, tensorsIn } from './structure.ts'
import type { OnnxTensor } from './tensor.ts'
import { tensorOf, valueOfTensor } from './trace/backend.ts'
import { emit } from './trace/emit.ts'
import type { Value } from './trace/graph.ts'
import { type Recorded, type RecordOptions, record } from './trace/record.ts'
import { refuse } from './trace/refuse.ts'

/** One signature's graph. */
export interface Trace {
  readonly compiled: Compiled
  readonly read: readonly tf.Variable[]
  readonly written: readonly tf.Variable[]
  readonly randoms: readonly RandomUse[]
  /** The function's result, with the place of each tensor in the graph's outputs in its stead. */
  readonly result: Structure
  readonly outputs: readonly { name: string; dtype: tf.DataType }[]
}

/** Where a tensor stood in a function's result. */
export class Output {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
}

/** A function's recording: `outputs` are the tensors of its result, in the order of their places in `structure`. */
export type RecordedCall = Recorded<{ outputs: readonly { value: Value; dtype: tf.DataType }[]; structure: Structure }>

/** Records a call; its tensors become inputs that `name` names, with the shapes that it gives. */
export function recordCall<Arguments extends unknown[]>(
  fn: (...inputs: Arguments) => unknown,
  inputs: Arguments,
  random: RecordOptions,
  name: (index: number) => string,
): RecordedCall {
  return record(({ graph }) => {
    let index = 0
    const symbols = mapTensors(inputs, ({ dtype, shape }) => tensorOf(graph.input(name(index++), dtype as 'float32', shape)))
    const outputs: { value: Value; dtype: tf.DataType }[] = []
    const returned = fn(...(symbols as Arguments))
    if (returned instanceof Promise) throw refuseAsync(returned)
    const structure = mapTensors(
      returned,
      (tensor) => new Output(outputs.push({ value: valueOfTensor(tensor), dtype: tensor.dtype }) - 1),
      'variables too',
    )
    return { outputs, structure }
  }, random)
}

export function refuseAsync(returned: Promise<unknown>): Error {
  returned.catch(() => {})
  return refuse('the function given to jit is async', 'Give a plain function; what it awaits can be awaited before and passed in.')
}

export async function traceOf<Arguments extends unknown[]>(
  engine: Engine,
  fn: (...inputs: Arguments) => unknown,
  inputs: Arguments,
  random: RecordOptions,
): Promise<Trace> {
  const { recording, result } = recordCall(fn, inputs, random, argument)
  const named: Record<string, Value> = {}
  result.outputs.forEach(({ value }, index) => {
    named[`output ${index}`] = value
  })
  const variables = [...recording.variables.values()]
  for (const { variable, output } of variables) if (output) named[outputName(variable)] = output
  const compiled = await Compiled.load(engine, emit(recording.graph, named))
  return {
    compiled,
    read: variables.flatMap(({ variable, input }) => (input && compiled.uses(inputName(variable)) ? [variable] : [])),
    written: variables.flatMap(({ variable, output }) => (output ? [variable] : [])),
    randoms: recording.randoms,
    result: result.structure,
    outputs: result.outputs.map(({ dtype }, index) => ({ name: `output ${index}`, dtype })),
  }
}

const argument = (index: number): string => `input ${index}`

/** Runs a graph on the tensors of `inputs`, with the random numbers of `random`. */
export async function runTrace(trace: Trace, inputs: Structure, held: HeldVariables, { seed, step }: RecordOptions): Promise<unknown> {
  const { compiled, read, written, randoms, result, outputs } = trace
  const feeds: Record<string, OnnxTensor> = randomFeeds(randoms, seed, step)
  for (const name of Object.keys(feeds)) if (!compiled.uses(name)) delete feeds[name]
  for (const [index, tensor] of tensorsIn(inputs).entries()) {
    if (compiled.uses(argument(index))) feeds[argument(index)] = { data: tensor.dataSync() as Float32Array, shape: tensor.shape }
  }
  const { runtime } = compiled
  const kept = await held.current(runtime, read)
  const room = await held.room(runtime, written)
  let answer: Record<string, OnnxTensor>
  try {
    answer = await compiled.run({ feeds, held: kept, into: room.into, returns: outputs.map(({ name }) => name) })
  } catch (error) {
    room.free()
    throw error
  }
  room.assign()
  return fill(result, (index) => {
    const { name, dtype } = outputs[index]!
    return tf.tensor(answer[name]!.data as Float32Array, [...answer[name]!.shape], dtype)
  })
}

function fill(structure: Structure, tensor: (index: number) => tf.Tensor): unknown {
  if (structure instanceof Output) return tensor(structure.index)
  if (Array.isArray(structure)) return structure.map((item) => fill(item, tensor))
  if (typeof structure !== 'object' || structure === null || Object.getPrototypeOf(structure) !== Object.prototype) return structure
  return Object.fromEntries(Object.entries(structure).map(([key, item]) => [key, fill(item, tensor)]))
}
