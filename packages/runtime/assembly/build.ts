// tsx assembly/build.ts: writes src/serve/wasm-code.ts, and kernels.wasm for hosts that compile at deployment
import { writeFile } from 'node:fs/promises'
import { compileKernels, moduleText } from './compile.ts'

const code = await compileKernels()
await writeFile(new URL('../src/serve/wasm-code.ts', import.meta.url), moduleText(code))
await writeFile(new URL('kernels.wasm', import.meta.url), code)
