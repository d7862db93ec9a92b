import type { Runtime } from '../runtime.ts'

/** Packages of ONNX Runtime, the faster first. */
export type RuntimeName = 'onnxruntime-node' | 'onnxruntime-web'

/** Where the process runs: what differs between Node and a browser. */
export interface Platform {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly processors: number
  /** What can be tried here, in order; each loads its package, or fails with the loader's message. */
  readonly runtimes: readonly { readonly name: RuntimeName; start(threads: number): Promise<Runtime> }[]
  warn(message: string): void
}
