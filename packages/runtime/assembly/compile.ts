// Compiles kernels.ts, for the build and for the test that a rebuild gives the same bytes.
import { readFile } from 'node:fs/promises'
import { main } from 'assemblyscript/asc'

const flags = ['-O3s', '--converge', '--runtime', 'stub', '--noAssert', '--importMemory', '--enable', 'simd', '--use', 'abort=']

/** The WebAssembly of kernels.ts, which imports `env.memory`. */
export async function compileKernels(): Promise<Uint8Array> {
  const source = await readFile(new URL('kernels.ts', import.meta.url), 'utf8')
  let code: Uint8Array | undefined
  const { error, stderr } = await main(['kernels.ts', '--outFile', 'kernels.wasm', ...flags], {
    readFile: (name) => (name === 'kernels.ts' ? source : null),
    writeFile: (_, contents) => {
      code = contents as Uint8Array
    },
    listFiles: () => [],
  })
  if (error || !code) throw new Error(`kernels.ts does not compile: ${error?.message}\n${stderr.toString()}`)
  return code
}

/** src/serve/wasm-code.ts */
export const moduleText = (code: Uint8Array): string => `// Written by the build from assembly/kernels.ts.
export const wasmCode =
  '${Buffer.from(code).toString('hex')}'
`
