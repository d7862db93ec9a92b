import { readSafetensors } from '@kd/core'
import { type ModelBytes, modelFiles, readModel } from '../model-file.ts'
import { fromTensors, isPacked, readPacked } from '../packed-file.ts'
import { type Engine, kernelsFor } from './engine.ts'
import { RuntimeStudent } from './runtime-student.ts'
import { type Served, serveModel, servePacked } from './served.ts'
import { type Fetch, filesAt } from './sources.ts'

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
 * @throws KdError of kind `missing`, `io`, `format` or `mismatch`, with the file
 */
export async function load(source: Source, { fetch, cacheBytes = 8_000_000, wasm }: LoadOptions = {}): Promise<RuntimeStudent> {
  const served = await read(source, fetch)
  return new RuntimeStudent(served, kernelsFor(served, cacheBytes, wasm))
}

async function read(source: Source, fetch: Fetch | undefined): Promise<Served> {
  if (source instanceof ArrayBuffer) return servePacked(readPacked(new Uint8Array(source)))
  if (source instanceof Uint8Array) return servePacked(readPacked(source))
  if (typeof source === 'object' && !(source instanceof URL)) return serveModel(readModel(source))
  const { single, where, read } = filesAt(source, fetch)
  const weights = await read(modelFiles.weights)
  const file = single ? where : `${where}/${modelFiles.weights}`
  const tensors = readSafetensors(weights, file)
  if (single || isPacked(tensors)) return servePacked(isPacked(tensors) ? fromTensors(tensors, file) : readPacked(weights, file))
  const [config, vocabulary] = await Promise.all([read(modelFiles.config), read(modelFiles.vocabulary)])
  return serveModel(readModel({ config, weights, vocabulary }, where))
}
