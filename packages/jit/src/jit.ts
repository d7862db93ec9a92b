import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers'
import { KdError } from '@kd/core'
import { boundEngine } from './engines/bound.ts'
import type { Engine } from './engines/engine.ts'
import { HeldVariables } from './held-variables.ts'
import { refuseAsync, runTrace, type Trace, traceOf } from './jit-trace.ts'
import { drawing } from './random-ops.ts'
import { mapTensors, type Signature, signatureKey, signatureOf, tensorsIn } from './structure.ts'
import { isRecording } from './trace/record.ts'
import { refuse, see } from './trace/refuse.ts'

export interface JitOptions {
  /** Of tf.dropout, tf.randomNormal and their kind: a whole number from 0 to 2^53 - 1. Default: 0. */
  seed?: number
  /** How many signatures are traced before a call is refused. Default: 64. */
  maxTraces?: number
  /** Calls that have not begun are rejected with its reason once it aborts; a call that runs ends as if nothing were. */
  signal?: AbortSignal
}

export interface JitFunction<Arguments extends unknown[], Result> {
  (...inputs: Arguments): Promise<Result>
  /** How often the function was traced: once for each signature of its arguments. */
  readonly traces: number
  /** How many calls were made. Random numbers depend on it: set it to go on where another process stopped. */
  calls: number
  /** Gives memory back, when the calls under way have ended. */
  dispose(): Promise<void>
}

/**
 * A function of tensors, run by the engine as one graph. Tensors in the arguments (in arrays and objects, to any
 * depth) and TensorFlow.js variables are inputs of the graph; everything else that the function uses, numbers and
 * tensors from outside among them, is a constant of its first call with a signature. The function itself is called
 * once for each signature (types and shapes of the tensors, values of the rest), with tensors that have no values yet;
 * twice where that creates variables.
 *
 * Variables that it assigns are assigned after each call; their values stay with the engine until they are read.
 * tf.dropout, tf.randomNormal and their kind, where they are given no seed, draw from (seed, number of the call, which
 * use this is). Calls of all jitted functions run one after the other in the order in which they were made. On the
 * fallback engine the function runs as it is.
 * @throws KdError of kind `engine`, with the line, for an operation that can't be traced or the reading of a value
 */
export function jitFunction<Arguments extends unknown[], Result>(
  fn: (...inputs: Arguments) => Result,
  options: JitOptions = {},
): JitFunction<Arguments, Result> {
  return jitOn(fn, boundEngine, options)
}

/** Calls of all jitted functions: one may assign variables that the next one reads. */
let last: Promise<unknown> = Promise.resolve()
let runsPlain = false

/** Runs `work` when all calls so far have ended, and before those that come. */
export function afterCalls<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work)
  last = result.catch(() => {})
  return result
}

/** The same on a given engine. */
export function jitOn<Arguments extends unknown[], Result>(
  fn: (...inputs: Arguments) => Result,
  bind: () => Promise<Engine>,
  { seed = 0, maxTraces = 64, signal }: JitOptions = {},
): JitFunction<Arguments, Result> {
  checkWhole('seed', seed, 0)
  checkWhole('maxTraces', maxTraces, 1)
  const traces = new Map<string, { signature: Signature; trace: Promise<Trace> }>()
  const held = new HeldVariables()
  let disposed = false
  let calls = 0

  async function call(inputs: Arguments): Promise<Result> {
    signal?.throwIfAborted()
    const engine = await bind()
    const random = { seed, step: calls }
    const result = engine.info.graphs ? await runGraph(engine, inputs, random) : plain(fn, inputs, random)
    calls++
    return result as Result
  }

  async function runGraph(engine: Engine, inputs: Arguments, random: { seed: number; step: number }): Promise<unknown> {
    const signature = signatureOf(inputs)
    const key = signatureKey(signature)
    let trace = await traces.get(key)?.trace
    if (!trace || trace.compiled.runtime.death !== undefined) {
      if (!trace && traces.size >= maxTraces)
        throw tooMany(
          signature,
          [...traces.values()].map((known) => known.signature),
        )
      const made = traceOf(engine, fn, inputs, random)
      traces.set(key, { signature, trace: made })
      made.catch(() => traces.delete(key))
      trace = await made
    }
    return runTrace(trace, inputs, held, random)
  }

  const jitted = (...inputs: Arguments): Promise<Result> => {
    if (isRecording() || runsPlain) {
      throw refuse('a jitted function is called inside another one', 'Call the plain function inside, and jit the outer one only.')
    }
    if (disposed) return Promise.reject(new KdError({ kind: 'engine', what: 'the jitted function has been disposed' }))
    let kept: Arguments
    try {
      kept = keep(inputs)
    } catch (error) {
      return Promise.reject(error)
    }
    return afterCalls(() => call(kept)).finally(() => tf.dispose(tensorsIn(kept)))
  }
  return Object.defineProperties(jitted, {
    traces: { get: () => traces.size },
    calls: {
      get: () => calls,
      set: (value: number) => {
        calls = checkWhole('calls', value, 0)
      },
    },
    dispose: {
      value: async () => {
        if (disposed) return
        disposed = true
        await last
        for (const { trace } of traces.values()) await (await trace).compiled.dispose()
        await held.dispose()
      },
    },
  }) as unknown as JitFunction<Arguments, Result>
}

/** The arguments as they are now: the caller may dispose of them before their turn comes. */
function keep<Arguments extends unknown[]>(inputs: Arguments): Arguments {
  for (const [index, input] of inputs.entries()) {
    if (tensorsIn(input).some(({ isDisposed }) => isDisposed)) {
      throw new KdError({ kind: 'option', what: `argument ${index + 1} has a tensor that has been disposed of` })
    }
  }
  return mapTensors(inputs, (tensor) => tf.keep(tensor.clone())) as Arguments
}

/** The call by TensorFlow.js itself; what it returns is the caller's, as after a traced call. */
function plain<Arguments extends unknown[]>(
  fn: (...inputs: Arguments) => unknown,
  inputs: Arguments,
  random: { seed: number; step: number },
) {
  runsPlain = true
  try {
    return tf.tidy(() => {
      const result = drawing(random.seed, random.step, () => fn(...inputs))
      if (result instanceof Promise) throw refuseAsync(result)
      return mapTensors(result, (tensor) => tensor.clone(), 'variables too') as tf.TensorContainer
    })
  } finally {
    runsPlain = false
  }
}

function checkWhole(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${least}`, where: { option } })
}

/** Names the argument that changes most: it had the most forms. */
function tooMany(signature: Signature, known: readonly Signature[]): KdError {
  const forms = (path: string) => new Set([...known, signature].map((one) => one.get(path)))
  const paths = new Set([...known, signature].flatMap((one) => [...one.keys()]))
  const [path] = [...paths].sort((a, b) => forms(b).size - forms(a).size)
  const before = [...forms(path!)].filter((form) => form !== undefined && form !== signature.get(path!)).slice(-3)
  const short = (form = 'absent') => (form.length > 80 ? `${form.slice(0, 80)}...` : form)
  return new KdError({
    kind: 'engine',
    what: `${path} changes with the calls: it is ${short(signature.get(path!))} now and was ${before.map(short).join(', ')}, among others; a trace would be made for signature ${known.length + 1}`,
    where: { option: path! },
    fix: see('Pad a shape that changes to a few sizes, pass a number that changes as tf.scalar, or raise maxTraces.', 'refused'),
  })
}
