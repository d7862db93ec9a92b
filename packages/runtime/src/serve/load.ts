import { modelFiles } from '../model-config.ts'
import type { ModelBytes } from '../model-file.ts'
import { fromTensors } from '../packed-file.ts'
import { readTensors, type Tensors } from '../tensors.ts'
import { type Engine, wasmModule } from './engine.ts'
import { RuntimeStudent } from './runtime-student.ts'
import { type Served, servePacked } from './served.ts'
import { type Fetch, filesAt } from './sources.ts'
import { wasmKernels } from './wasm-kernels.ts'
import { wordsOf } from './words.ts'

/**
 * Where a student is: the URL or path of its folder or of a packed student's `model.safetensors`, the bytes of that
 * file, or the bytes of the three files of a student in single precision.
 */
export type Source = string | URL | Uint8Array | ArrayBuffer | ModelBytes

export interface LoadOptions {
  /** Reads the files, of URLs and of paths. Default: paths by the host's file system if it has one, else `fetch`. */
  fetch?: Fetch
  /**
   * Memory for words that were met, in bytes. A word whose projection is kept costs nothing at its next occurrence.
   * Default: 8,000,000.
   */
  cacheBytes?: number
  /**
   * What does the arithmetic: WebAssembly with SIMD that the package carries, the same given as a compiled module or as
   * bytes (`@kd/runtime/kernels.wasm`), or `false` for plain JavaScript. Default: the package's own, and plain JavaScript
   * where the host forbids to compile it.
   */
  wasm?: Engine
}

/**
 * Loads a student that `student.save` wrote, in any of its forms. Everything is checked before it is used.
 * @throws KdError of kind `missing`, `io`, `format` or `mismatch`, with the file; `engine` for another `wasm`
 */
export async function load(source: Source, { fetch, cacheBytes = 8_000_000, wasm }: LoadOptions = {}): Promise<RuntimeStudent> {
  const module = wasmModule(wasm)
  const served = await read(source, fetch, module)
  const kernels = module
    ? wasmKernels(module, served, cacheBytes)
    : (await import('./javascript-kernels.ts')).javascriptKernels(served, cacheBytes)
  const pairs = served.config.student === 'siamese' ? (await import('./compare.ts')).pairsOf : undefined
  return new RuntimeStudent(served, kernels, pairs)
}

async function read(source: Source, fetch: Fetch | undefined, module: object | undefined): Promise<Served> {
  const packed = (tensors: Tensors, file: string) =>
    servePacked(fromTensors(tensors, file, (lines, size) => wordsOf(lines, size, file, module)))
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    const bytes = source instanceof Uint8Array ? source : new Uint8Array(source)
    return packed(readTensors(bytes, modelFiles.weights), modelFiles.weights)
  }
  if (typeof source === 'object' && !(source instanceof URL)) return single(source)
  const { file, folder, read } = filesAt(source, fetch)
  const weights = await read(modelFiles.weights)
  const tensors = readTensors(weights, file)
  if (folder === undefined || tensors.config !== undefined) return packed(tensors, file)
  const [config, vocabulary] = await Promise.all([read(modelFiles.config), read(modelFiles.vocabulary)])
  return single({ config, weights, vocabulary }, folder)
}

/** Of use for older folders alone, so that others need not carry it. */
async function single(bytes: ModelBytes, where?: string): Promise<Served> {
  const { readModel, serveModel } = await import('./single-precision.ts')
  return serveModel(readModel(bytes, where))
}
