import { load, type RuntimeStudent } from '@kd/runtime'
import { handle } from './handler.ts'
import kernels from './kernels.wasm'
import model from './model.safetensors'

// An edge host compiles WebAssembly when it takes the worker, never later: so it is given as a module.
let student: Promise<RuntimeStudent> | undefined

export default {
  fetch: (request: Request): Promise<Response> => handle(request, () => (student ??= load(model, { wasm: kernels }))),
}
