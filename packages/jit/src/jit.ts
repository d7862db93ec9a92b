import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers'
import { KdError } from '@kd/core'
import { boundEngine } from './engines/bound.ts'
import type { Engine } from './engines/engine.ts'
import { Compiled } from './engines/native/compiled.ts'
import { HeldVariables } from './held-variables.ts'
import { mapTensors, signatureOf, tensorsIn } from './structure.ts'
import type { OnnxTensor } from './tensor.ts'
import { record, type TracedVariable, tensorOf, valueOfTensor } from './trace/backend.ts'
import { emit } from './trace/emit.ts'
import type { Value } from './trace/graph.ts'
import { refuse } from './trace/refuse.ts'

export interface JitFunction<Arguments extends unknown[], Result> {
  (...inputs: Arguments): Promise<Result>
  /** How often the function was traced: once for each signature of its arguments. */
  readonly traces: number
  dispose(): Promise<void>
}

/** Above this many signatures something in the arguments changes with every call. */
const mostTraces = 64

/** One signature's graph. */
interface Trace {
  readonly compiled: Compiled
  readonly variables: readonly { variable: tf.Variable; read: boolean; written: string | undefined }[]
  /** The function's result, with the place of each tensor in the graph's outputs in its stead. */
  readonly result: unknown
  readonly outputs: readonly { name: string; dtype: tf.DataType }[]
}

class Place {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
}

/**
 * A function of tensors, run by the engine as one graph. Tensors in the arguments (in arrays and objects, to any
 * depth) and TensorFlow.js variables are inputs of the graph; everything else that the function uses, numbers and
 * tensors from outside among them, is a constant of its first call with a signature. The function itself is called
 * once for each signature (types and shapes of the tensors, values of the rest), with tensors that have no values yet.
 * Variables that it assigns are assigned after each call. On the fallback engine the function runs as it is.
 * @throws KdError of kind `engine`, with the line, for an operation that can't be traced or the reading of a value
 */
export function jit<Arguments extends unknown[], Result>(fn: (...inputs: Arguments) => Result): JitFunction<Arguments, Result> {
  return jitOn(fn, boundEngine)
}

/** The same on a given engine. */
export function jitOn<Arguments extends unknown[], Result>(
  fn: (...inputs: Arguments) => Result,
  bind: () => Promise<Engine>,
): JitFunction<Arguments, Result> {
  const traces = new Map<string, Promise<Trace>>()
  const held = new HeldVariables()
  let disposed = false
  let last: Promise<unknown> = Promise.resolve()

  async function call(inputs: Arguments): Promise<Result> {
    if (disposed) throw new KdError({ kind: 'engine', what: 'the jitted function has been disposed' })
    const engine = await bind()
    if (!engine.info.native) return tf.tidy(() => fn(...inputs) as tf.TensorContainer) as Result
    const signature = signatureOf(inputs)
    let trace = await traces.get(signature)
    if (!trace || trace.compiled.runtime.death !== undefined) {
      if (traces.size >= mostTraces) throw tooMany(signature, [...traces.keys()])
      const made = traceOf(engine, fn, inputs)
      traces.set(signature, made)
      made.catch(() => traces.delete(signature))
      trace = await made
    }
    return (await run(trace, tensorsIn(inputs), held)) as Result
  }

  const jitted = (...inputs: Arguments): Promise<Result> => {
    // One after the other: a call may assign variables that the next one reads.
    const result = last.then(() => call(inputs))
    last = result.catch(() => {})
    return result
  }
  return Object.defineProperties(jitted, {
    traces: { get: () => traces.size },
    dispose: {
      value: async () => {
        if (disposed) return
        disposed = true
        await last
        for (const trace of traces.values()) await (await trace).compiled.dispose()
        await held.dispose()
      },
    },
  }) as unknown as JitFunction<Arguments, Result>
}

async function traceOf<Arguments extends unknown[]>(
  engine: Engine,
  fn: (...inputs: Arguments) => unknown,
  inputs: Arguments,
): Promise<Trace> {
  const { recording, result } = record(({ graph }) => {
    let index = 0
    const symbols = mapTensors(inputs, (tensor) => tensorOf(graph.input(`input ${index++}`, tensor.dtype as 'float32', tensor.shape)))
    const outputs: { value: Value; dtype: tf.DataType }[] = []
    const returned = fn(...(symbols as Arguments))
    if (returned instanceof Promise) {
      returned.catch(() => {})
      throw refuse('the function given to jit is async', 'Give a plain function; what it awaits can be awaited before and passed in.')
    }
    const structure = mapTensors(returned, (tensor) => {
      outputs.push({ value: valueOfTensor(tensor), dtype: tensor.dtype })
      return new Place(outputs.length - 1)
    })
    return { outputs, structure }
  })
  const named: Record<string, Value> = {}
  result.outputs.forEach(({ value }, index) => {
    named[`output ${index}`] = value
  })
  const variables = [...recording.variables.values()].filter(({ input, output }) => input || output)
  for (const { variable, output } of variables) if (output) named[`variable ${variable.id} after`] = output
  const compiled = await Compiled.load(engine, emit(recording.graph, named))
  return {
    compiled,
    variables: variables.map(({ variable, input, output }: TracedVariable) => ({
      variable,
      read: input !== undefined && compiled.uses(input.input!),
      written: output && `variable ${variable.id} after`,
    })),
    result: result.structure,
    outputs: result.outputs.map(({ dtype }, index) => ({ name: `output ${index}`, dtype })),
  }
}

async function run({ compiled, variables, result, outputs }: Trace, inputs: readonly tf.Tensor[], held: HeldVariables): Promise<unknown> {
  const feeds: Record<string, OnnxTensor> = {}
  for (const [index, tensor] of inputs.entries()) {
    if (compiled.uses(`input ${index}`)) feeds[`input ${index}`] = { data: tensor.dataSync() as Float32Array, shape: tensor.shape }
  }
  const kept = await held.current(
    compiled.runtime,
    variables.filter(({ read }) => read).map(({ variable }) => variable),
  )
  const written = variables.flatMap(({ variable, written }) => (written ? [{ variable, name: written }] : []))
  const answer = await compiled.run({
    feeds,
    held: kept,
    returns: [...outputs, ...written].map(({ name }) => name),
  })
  const tensor = (name: string, dtype: tf.DataType) => {
    const { data, shape } = answer[name]!
    return tf.tensor(data as Float32Array, [...shape], dtype)
  }
  for (const { variable, name } of written) tf.tidy(() => variable.assign(tensor(name, variable.dtype)))
  return fillPlaces(result, (index) => tensor(outputs[index]!.name, outputs[index]!.dtype))
}

function fillPlaces(structure: unknown, tensor: (index: number) => tf.Tensor): unknown {
  if (structure instanceof Place) return tensor(structure.index)
  if (Array.isArray(structure)) return structure.map((item) => fillPlaces(item, tensor))
  if (typeof structure !== 'object' || structure === null || Object.getPrototypeOf(structure) !== Object.prototype) return structure
  return Object.fromEntries(Object.entries(structure).map(([key, item]) => [key, fillPlaces(item, tensor)]))
}

function tooMany(signature: string, known: readonly string[]): KdError {
  return new KdError({
    kind: 'engine',
    what: `the function would be traced for signature ${known.length + 1}; now ${short(signature)}, before ${known.slice(-3).map(short).join(' and ')}`,
    fix: 'Pad the argument whose shape or value changes to a few sizes, or pass numbers as tensors.',
  })
}

const short = (signature: string): string => (signature.length > 120 ? `${signature.slice(0, 120)}...` : signature)
