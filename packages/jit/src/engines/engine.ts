import { KdError } from '@kd/core'
import type { Platform, RuntimeName } from './platform/platform.ts'
import type { Runtime } from './runtime.ts'

export type EngineName = RuntimeName | 'tfjs'

/** The engine that runs the arithmetic, and why it is this one. */
export interface EngineInfo {
  readonly name: EngineName
  /** Whether functions are traced and run as ONNX graphs; else TensorFlow.js runs them as they are. */
  readonly graphs: boolean
  /** Whether that is machine code: 10 to 30 times faster than TensorFlow.js. */
  readonly native: boolean
  readonly reason: string
  /** How many threads one operation may use. */
  readonly threads: number
  /** TensorFlow.js's own backend, where it does the work. */
  readonly backend?: string
}

/** What all that computes stands on. */
export interface Engine {
  readonly info: EngineInfo
  /** What runs graphs; a new one if the last is gone. Only where `info.graphs`. */
  runtime(): Promise<Runtime>
}

export interface EngineOptions {
  /** That one, or an error. Default: the environment variable `KD_ENGINE`, else the first that loads. */
  name?: EngineName
  /** Threads of one operation. Default: the environment variable `KD_THREADS`, else one for each processor. */
  threads?: number
}

/** The versions of package.json; a test holds them equal. */
const versions: Record<RuntimeName, string> = { 'onnxruntime-node': '1.30.0', 'onnxruntime-web': '1.30.0' }
/** Without its install script, which for the native one would download CUDA from another host. */
export const repairOf = (name: RuntimeName): string => `npm install ${name}@${versions[name]} --ignore-scripts`
export const repairCommand: string = repairOf('onnxruntime-node')

export interface EngineChoice extends EngineOptions {
  platform: Platform
  /** Readies TensorFlow.js for the work and names its backend. */
  tfjs(): Promise<string>
}

/** How much longer the same work takes without machine code, for the warning. */
const slower: Record<EngineName, string> = { 'onnxruntime-node': '', 'onnxruntime-web': 'several times', tfjs: '10 to 30 times' }

/**
 * The engines in order: the one that is asked for, else those of the platform, else TensorFlow.js. One warning says that
 * it is not the first, why, and what repairs it.
 * @throws KdError of kind `option` for a wrong name or number of threads; of kind `engine` if the one that is asked for
 * can't be loaded
 */
export async function chooseEngine({ platform, tfjs, ...options }: EngineChoice): Promise<Engine> {
  const { environment } = platform
  const asked = options.name ?? (environment.KD_ENGINE || undefined)
  const asks = options.name ? 'the option name' : 'KD_ENGINE'
  const names = ['onnxruntime-node', 'onnxruntime-web', 'tfjs']
  if (asked !== undefined && !names.includes(asked)) {
    const what = `${JSON.stringify(asked)} is none of ${names.join(', ')}`
    throw new KdError({ kind: 'option', what, where: { option: options.name ? 'name' : 'KD_ENGINE' } })
  }
  const threads = threadCount(options.threads, environment.KD_THREADS) ?? platform.processors
  if (asked === 'tfjs') return onTfjs(`${asks} asks for it`, tfjs)
  const failures: string[] = []
  for (const { name, start } of platform.runtimes) {
    if (asked !== undefined && asked !== name) continue
    try {
      let current = await start(threads)
      const reason = asked ? `${asks} asks for it` : ['it is installed and loads', ...failures].join('; ')
      const runtime = async () => (current.death === undefined ? current : (current = await start(threads)))
      const engine: Engine = {
        info: { name, graphs: true, native: name === 'onnxruntime-node', reason, threads },
        runtime,
      }
      if (failures.length > 0) platform.warn(warning(engine.info, failures, platform))
      return engine
    } catch (error) {
      const why = error instanceof KdError ? error.what.split('\n')[0]! : String(error)
      if (asked) {
        const what = `${asks} asks for ${name}, which does not load: ${why}`
        throw new KdError({ kind: 'engine', what, fix: repairOf(name), cause: error })
      }
      failures.push(`${name} does not load: ${why}`)
    }
  }
  if (asked !== undefined) throw new KdError({ kind: 'engine', what: `${asks} asks for ${asked}, which does not run here` })
  const engine = await onTfjs(failures.join('; '), tfjs)
  platform.warn(warning(engine.info, failures, platform))
  return engine
}

function warning({ name, backend }: EngineInfo, failures: readonly string[], { runtimes }: Platform): string {
  const works = name === 'tfjs' ? `TensorFlow.js (${backend})` : `${name} (WebAssembly)`
  const first = runtimes[0]!.name
  return `@kd/jit works without ${first}, on ${works}, ${slower[name]} more slowly: ${failures.join('; ')}. Repair: ${repairOf(first)}`
}

async function onTfjs(reason: string, tfjs: () => Promise<string>): Promise<Engine> {
  const info: EngineInfo = { name: 'tfjs', graphs: false, native: false, reason, threads: 1, backend: await tfjs() }
  const what = `this needs ONNX Runtime, and the engine is TensorFlow.js (${reason})`
  const runtime = () => Promise.reject(new KdError({ kind: 'engine', what, fix: repairCommand }))
  return { info, runtime }
}

function threadCount(option: number | undefined, variable: string | undefined): number | undefined {
  const value = option ?? (variable ? Number(variable) : undefined)
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= 256)) return value
  const what = `${option ?? variable} is not a whole number from 1 to 256`
  throw new KdError({ kind: 'option', what, where: { option: option === undefined ? 'KD_THREADS' : 'threads' } })
}
