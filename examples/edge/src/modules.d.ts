// What an edge host makes of files that a worker imports.

declare module '*.safetensors' {
  const bytes: ArrayBuffer
  export default bytes
}

declare module '*.wasm' {
  const module: object
  export default module
}
