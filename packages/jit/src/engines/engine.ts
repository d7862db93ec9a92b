import { availableParallelism } from 'node:os'
import { KdError } from '@kd/core'
import { NativeRuntime } from './native/runtime.ts'

/** The engine that runs the arithmetic, and why it is this one. */
export interface EngineInfo {
  readonly name: 'onnxruntime-node' | 'tfjs'
  /** Whether graphs run as machine code: 10 to 30 times faster. */
  readonly native: boolean
  readonly reason: string
  /** How many threads one operation may use. */
  readonly threads: number
  /** TensorFlow.js's own backend, where it does the work. */
  readonly backend?: string
}

export interface Engine {
  readonly info: EngineInfo
  /** The worker that holds ONNX Runtime; a new one if the last is gone. Only on the native engine. */
  native(): Promise<NativeRuntime>
}

/** The version in package.json's optionalDependencies; a test holds them equal. */
export const nativePackage = 'onnxruntime-node@1.30.0'
/** Without its install script, which would download CUDA from another host. */
export const repairCommand = `npm install ${nativePackage} --ignore-scripts`

export interface EngineChoice {
  environment: Readonly<Record<string, string | undefined>>
  /** What the worker imports. */
  module: string
  /** Readies TensorFlow.js for the work and names its backend. */
  tfjs(): Promise<string>
  warn(message: string): void
}

/**
 * The engines in order: `KD_ENGINE` if set, else ONNX Runtime, else TensorFlow.js with one warning.
 * @throws KdError of kind `option` for a wrong `KD_ENGINE` or `KD_THREADS`; of kind `engine` if `KD_ENGINE` asks for
 * ONNX Runtime and it can't be loaded
 */
export async function chooseEngine({ environment, module, tfjs, warn }: EngineChoice): Promise<Engine> {
  const wanted = environment.KD_ENGINE || undefined
  if (wanted !== undefined && wanted !== 'onnxruntime-node' && wanted !== 'tfjs') {
    throw new KdError({
      kind: 'option',
      what: `${JSON.stringify(wanted)} is neither onnxruntime-node nor tfjs`,
      where: { option: 'KD_ENGINE' },
    })
  }
  const threads = threadCount(environment.KD_THREADS)
  if (wanted === 'tfjs') return onTfjs('KD_ENGINE asks for it', tfjs)
  try {
    let runtime = await NativeRuntime.start(module)
    const info: EngineInfo = {
      name: 'onnxruntime-node',
      native: true,
      reason: wanted ? 'KD_ENGINE asks for it' : 'it is installed and loads',
      threads,
    }
    const native = async () => (runtime.death === undefined ? runtime : (runtime = await NativeRuntime.start(module)))
    return { info, native }
  } catch (error) {
    const why = error instanceof KdError ? error.what.split('\n')[0]! : String(error)
    if (wanted) {
      throw new KdError({
        kind: 'engine',
        what: `KD_ENGINE asks for onnxruntime-node, which does not load: ${why}`,
        fix: repairCommand,
        cause: error,
      })
    }
    const engine = await onTfjs(`onnxruntime-node does not load: ${why}`, tfjs)
    warn(
      `@kd/jit works without its native engine, on TensorFlow.js (${engine.info.backend}), 10 to 30 times more slowly: ${why}. Repair: ${repairCommand}`,
    )
    return engine
  }
}

async function onTfjs(reason: string, tfjs: () => Promise<string>): Promise<Engine> {
  const info: EngineInfo = { name: 'tfjs', native: false, reason, threads: 1, backend: await tfjs() }
  const native = () =>
    Promise.reject(
      new KdError({ kind: 'engine', what: `this needs onnxruntime-node, and the engine is TensorFlow.js (${reason})`, fix: repairCommand }),
    )
  return { info, native }
}

function threadCount(value: string | undefined): number {
  if (value === undefined || value === '') return availableParallelism()
  const threads = Number(value)
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new KdError({ kind: 'option', what: `${value} is not a whole number from 1 to 256`, where: { option: 'KD_THREADS' } })
  }
  return threads
}
