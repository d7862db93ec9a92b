import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts'],
  dts: { oxc: true },
  fixedExtension: false,
  copy: [{ from: 'assembly/kernels.wasm', to: 'dist' }],
})
