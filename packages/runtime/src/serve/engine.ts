import { KdError } from '@kd/core'
import { javascriptKernels } from './javascript-kernels.ts'
import type { Kernels } from './kernels.ts'
import type { Served } from './served.ts'
import { wasmCode } from './wasm-code.ts'
import { wasmKernels } from './wasm-kernels.ts'
import { webAssembly } from './web-assembly.ts'

/** A `WebAssembly.Module`, its bytes (`Uint8Array` or `ArrayBuffer`), or `false`. */
export type Engine = object | false

let own: object | undefined

/** @throws KdError of kind `engine` for a module that is none, or another */
export function kernelsFor(served: Served, cacheBytes: number, wasm: Engine | undefined): Kernels {
  if (wasm === false) return javascriptKernels(served, cacheBytes)
  const module = wasm === undefined ? ownModule() : compiled(wasm)
  return module ? wasmKernels(module, served, cacheBytes) : javascriptKernels(served, cacheBytes)
}

/** Undefined where a page's policy or an edge host forbids to compile, or knows no SIMD. Small enough to compile at once. */
function ownModule(): object | undefined {
  try {
    own ??= webAssembly && new webAssembly.Module(Uint8Array.from(atob(wasmCode), (character) => character.charCodeAt(0)))
  } catch {}
  return own
}

function compiled(wasm: object): object {
  try {
    const isBytes = wasm instanceof Uint8Array || wasm instanceof ArrayBuffer
    const module = isBytes ? new webAssembly!.Module(wasm) : wasm
    if (webAssembly!.Module.exports(module).some(({ name }) => name === 'pairFeatures')) return module
  } catch (cause) {
    throw notOurs(cause)
  }
  throw notOurs()
}

const notOurs = (cause?: unknown) =>
  new KdError({
    kind: 'engine',
    what: 'it is not the WebAssembly of this package',
    where: { option: 'wasm' },
    fix: 'Give @kd/runtime/kernels.wasm, or leave the option out.',
    cause,
  })
