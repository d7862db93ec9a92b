/** Of the global that every host has, what is used here; its types stand in the DOM library, which servers do without. */
interface WebAssemblyGlobal {
  readonly Module: { new (bytes: Uint8Array | ArrayBuffer): object; exports(module: object): { name: string }[] }
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
}

/** Undefined where a host does without. */
export const webAssembly = (globalThis as { WebAssembly?: WebAssemblyGlobal }).WebAssembly
