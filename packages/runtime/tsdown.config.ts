import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts'],
  dts: true,
  fixedExtension: false,
  copy: [{ from: 'assembly/kernels.wasm', to: 'dist' }],
})
