import { availableParallelism } from 'node:os'
import { NativeRuntime } from '../native/runtime.ts'
import type { Platform } from './platform.ts'

export const platform: Platform = {
  environment: process.env,
  processors: availableParallelism(),
  runtimes: [
    { name: 'onnxruntime-node', start: () => NativeRuntime.start('onnxruntime-node') },
    // The same worker: WebAssembly too runs a session to its end before it returns.
    { name: 'onnxruntime-web', start: () => NativeRuntime.start('onnxruntime-web') },
  ],
  warn: (message) => process.emitWarning(message, { code: 'KD_FALLBACK' }),
}
