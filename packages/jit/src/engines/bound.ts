import { chooseEngine, type Engine, type EngineInfo } from './engine.ts'
import { quietCpu } from './tfjs/cpu.ts'
import { prepareTfjs } from './tfjs/prepare.ts'

quietCpu()

let bound: Promise<Engine> | undefined

/** The process's engine: chosen at first use, kept from then on. */
export function boundEngine(): Promise<Engine> {
  bound ??= chooseEngine({
    environment: process.env,
    module: 'onnxruntime-node',
    tfjs: prepareTfjs,
    warn: (message) => process.emitWarning(message, { code: 'KD_FALLBACK' }),
  })
  return bound
}

/**
 * Which engine does the work, and why. The first use of any function of this package chooses it: the one that the
 * environment variable `KD_ENGINE` names (`onnxruntime-node`, `tfjs`), else ONNX Runtime's native one, else
 * TensorFlow.js itself, with one warning (code `KD_FALLBACK`) that holds the command that repairs it. `KD_THREADS`
 * sets the number of threads (default: one for each processor).
 * @throws KdError of kind `option` or `engine`
 */
export async function engine(): Promise<EngineInfo> {
  return (await boundEngine()).info
}
