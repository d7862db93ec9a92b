import { KdError } from '@kd/core'
import { platform } from '#platform'
import { chooseEngine, type Engine, type EngineInfo, type EngineOptions } from './engine.ts'
import { quietCpu } from './tfjs/cpu.ts'
import { prepareTfjs } from './tfjs/prepare.ts'

quietCpu()

let bound: Promise<Engine> | undefined

/** The process's engine: chosen at first use, kept from then on. */
export function boundEngine(): Promise<Engine> {
  bound ??= chooseEngine({ platform, tfjs: prepareTfjs })
  return bound
}

/**
 * Which engine does the work, and why. The first use of any function of this package chooses it: the one that `useEngine`
 * or the environment variable `KD_ENGINE` names, else ONNX Runtime's native one (`onnxruntime-node`), else its
 * WebAssembly (`onnxruntime-web`, where it is installed), else TensorFlow.js itself (`tfjs`), with one warning (code
 * `KD_FALLBACK`) that holds the command that repairs it. `KD_THREADS` sets the number of threads (default: one for each
 * processor).
 * @throws KdError of kind `option` or `engine`
 */
export async function engine(): Promise<EngineInfo> {
  return (await boundEngine()).info
}

/**
 * Chooses the engine from the program, before the first use of anything else of this package.
 * @throws KdError of kind `option` if an engine is at work already; else as `engine()`
 */
export function useEngine(options: EngineOptions): Promise<EngineInfo> {
  if (bound) throw new KdError({ kind: 'option', what: 'an engine is at work already', fix: 'Call useEngine before all else of @kd/jit.' })
  bound = chooseEngine({ platform, tfjs: prepareTfjs, ...options })
  return engine()
}
