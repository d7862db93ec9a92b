// tsx assembly/build.ts: writes src/serve/wasm-code.ts
import { writeFile } from 'node:fs/promises'
import { compileKernels, moduleText } from './compile.ts'

await writeFile(new URL('../src/serve/wasm-code.ts', import.meta.url), moduleText(await compileKernels()))
