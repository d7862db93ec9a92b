import * as tf from '@tensorflow/tfjs-core'
import { randomValues, traceRandom, withRandomOps } from '../random-ops.ts'
import { backend, dataOf, register, traceName, valueOfTensor } from './backend.ts'
import type { Value } from './graph.ts'
import { Recording } from './recording.ts'
import { refuse, userLine } from './refuse.ts'

/** What random numbers of the first call a recording may need: for variables that it creates from them. */
export interface RecordOptions {
  readonly seed: number
  readonly step: number
}

export interface Recorded<T> {
  readonly recording: Recording
  readonly result: T
}

export const isRecording = (): boolean => backend.recording !== undefined

/**
 * Runs `body` with TensorFlow.js's operations recorded instead of computed. Variables are found afterwards as they were
 * before, whatever the body assigned; what it assigned is in `recording.variables`. A body that creates variables (an
 * optimizer its slots, say) is run a second time, when they are there: what would create them at each call is refused.
 */
export function record<T>(body: (recording: Recording) => T, options: RecordOptions): Recorded<T> {
  const first = recordOnce(body, options, false)
  if (first.recording.created.length === 0) return first
  try {
    return recordOnce(body, options, true)
  } catch (error) {
    for (const { variable } of first.recording.created) variable.dispose()
    throw error
  }
}

interface EngineHooks {
  makeVariable: (initial: tf.Tensor, trainable?: boolean, name?: string, dtype?: tf.DataType) => tf.Variable
  disposeVariable(variable: tf.Variable): void
  readSync(dataId: tf.DataId): unknown
  read(dataId: tf.DataId): Promise<unknown>
}

function recordOnce<T>(body: (recording: Recording) => T, options: RecordOptions, again: boolean): Recorded<T> {
  register()
  if (backend.recording) throw refuse('a traced function traces another one', 'Call the plain function inside, and jit the outer one only.')
  const engine = tf.engine()
  const eager = tf.getBackend()
  const variables = Object.values(engine.registeredVariables)
  // A second reference keeps the variables' data alive when the body assigns them.
  const kept = variables.map((variable) => {
    const tensor = sharing(variable)
    if (dataOf(variable.dataId)!.backend.refCount(variable.dataId) > 2) separate(variable)
    return { variable, tensor }
  })
  const recording = new Recording(variables)
  backend.recording = recording
  // Both backends are there already, so the switch happens before the promise is made.
  void tf.setBackend(traceName)
  engine.startScope('jit')
  try {
    const result = withHooks(recording, () =>
      withRandomOps(
        (use) => traceRandom(recording.graph, use, recording.randoms.push(use) - 1),
        () => body(recording),
      ),
    )
    if (recording.refusal) throw recording.refusal
    noteAssignments(recording, again)
    return { recording, result }
  } catch (error) {
    throw recording.refusal ?? error
  } finally {
    const initial = recording.created.map(({ initial }) => concrete(recording, initial, options))
    engine.endScope()
    backend.recording = undefined
    void tf.setBackend(eager)
    for (const { variable, tensor } of kept) {
      if (variable.dataId !== tensor.dataId) variable.assign(tensor)
      tensor.dispose()
    }
    recording.created.forEach(({ variable }, index) => {
      const values = initial[index]
      if (variable.isDisposed) return
      if (again || !values) variable.dispose()
      else tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, variable.dtype)))
    })
    backend.clear()
  }
}

/** A tensor of the same data. A clone would not do: some backends copy, and other data counts as a new assignment. */
function sharing({ dataId, shape, dtype }: tf.Variable): tf.Tensor {
  dataOf(dataId)!.backend.incRef(dataId)
  const engine = tf.engine()
  return engine.keep(engine.makeTensorFromDataId(dataId, shape, dtype))
}

/** Data that a variable shares with somebody else's tensor would be taken for either: for the recording it gets its own. */
function separate(variable: tf.Variable): void {
  tf.tidy(() => variable.assign(tf.tensor(variable.dataSync().slice() as Float32Array, variable.shape, variable.dtype)))
}

/** Notices variables that the body creates, and refuses to read or dispose of those that are there already. */
function withHooks<T>(recording: Recording, body: () => T): T {
  const engine = tf.engine() as unknown as EngineHooks
  const { makeVariable, disposeVariable, readSync, read } = Object.getPrototypeOf(engine) as EngineHooks
  Object.assign(engine, {
    makeVariable(...[initialValue, ...rest]: Parameters<typeof makeVariable>) {
      const initial = valueOfTensor(initialValue)
      const variable = makeVariable.call(engine, initialValue, ...rest)
      recording.created.push({ variable, initial, where: userLine() ?? {} })
      return variable
    },
    disposeVariable(variable: tf.Variable) {
      if (recording.before.has(variable)) {
        throw (recording.refusal ??= refuse(
          `the function disposes of the variable ${variable.name}`,
          'Dispose of it outside.',
          undefined,
          'sideEffects',
        ))
      }
      disposeVariable.call(engine, variable)
    },
    readSync(dataId: tf.DataId) {
      if (recording.owners.has(dataId)) throw recording.refuseReading()
      return readSync.call(engine, dataId)
    },
    read(dataId: tf.DataId) {
      if (!recording.owners.has(dataId)) return read.call(engine, dataId)
      recording.refuseReading()
      return new Promise(() => {})
    },
  } satisfies EngineHooks)
  try {
    return body()
  } finally {
    for (const hook of ['makeVariable', 'disposeVariable', 'readSync', 'read'] as const) delete (engine as Partial<EngineHooks>)[hook]
  }
}

/** What became of each variable. */
function noteAssignments(recording: Recording, again: boolean): void {
  for (const [variable, before] of recording.before) {
    if (variable.dataId === before) continue
    const traced = recording.traced(variable)
    const value = valueOfTensor(variable)
    if (value !== traced.input) traced.output = value
  }
  const [created] = recording.created
  if (!created) return
  if (again) {
    const { variable, where } = created
    throw refuse(
      `the function creates the variable ${variable.name} at each call`,
      'Create it outside, or at the first call only.',
      where,
      'sideEffects',
    )
  }
  for (const { variable, initial, where } of recording.created) {
    if (variable.isDisposed) throw refuse('the function creates a variable and disposes of it', 'Use a plain tensor.', where, 'sideEffects')
    if (!isKnown(recording, initial)) {
      throw refuse(
        `the variable ${variable.name} is created from values that jit is tracing`,
        'Create it before, and assign it inside.',
        where,
        'sideEffects',
      )
    }
  }
}

const randomInput = (recording: Recording, { input }: Value): number =>
  input === undefined ? -1 : recording.randoms.findIndex((use, index) => !use.noise && input === `random ${index} values`)

const isKnown = (recording: Recording, value: Value): boolean =>
  value.fill !== undefined || value.data !== undefined || randomInput(recording, value) >= 0

/** The elements of a value that does not depend on the function's inputs. */
function concrete(recording: Recording, value: Value, { seed, step }: RecordOptions): Float32Array | undefined {
  if (value.data) return value.data as Float32Array
  if (value.fill !== undefined) return new Float32Array(tf.util.sizeFromShape([...value.shape])).fill(value.fill)
  const index = randomInput(recording, value)
  return index < 0 ? undefined : (randomValues(recording.randoms[index]!, seed, step, index) as Float32Array)
}
