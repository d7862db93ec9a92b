import { KdError } from '@kd/core'
import { wasmCode } from './wasm-code.ts'
import { webAssembly } from './web-assembly.ts'

/** A `WebAssembly.Module`, its bytes (`Uint8Array` or `ArrayBuffer`), or `false`. */
export type Engine = object | false

let own: object | undefined

/**
 * The module to work with; undefined for plain JavaScript: where the option says so, where a page's policy or an edge host
 * forbids to compile, or a host knows no SIMD. Small enough that browsers compile it at once.
 * @throws KdError of kind `engine` for what is no module, or another
 */
export function wasmModule(wasm: Engine | undefined): object | undefined {
  if (wasm === false) return undefined
  try {
    if (wasm === undefined) return (own ??= webAssembly && new webAssembly.Module(decoded(wasmCode)))
    const module = wasm instanceof Uint8Array || wasm instanceof ArrayBuffer ? new webAssembly!.Module(wasm) : wasm
    if (webAssembly!.Module.exports(module).some(({ name }) => name === 'pairFeatures')) return module
  } catch {
    if (wasm === undefined) return undefined
  }
  const fix = 'Give @kd/runtime/kernels.wasm, or leave the option out.'
  throw new KdError({ kind: 'engine', what: 'it is not the WebAssembly of this package', where: { option: 'wasm' }, fix })
}

/** Hexadecimal: gzip makes less of it than of base64. Node's way takes a fifth of the time. */
function decoded(code: string): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { from(text: string, form: string): Uint8Array } }
  return (
    Buffer?.from(code, 'hex') ??
    Uint8Array.from({ length: code.length / 2 }, (_, at) => Number.parseInt(code.slice(2 * at, 2 * at + 2), 16))
  )
}
