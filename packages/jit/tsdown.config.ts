import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts'],
  dts: true,
  fixedExtension: false,
  // Loaded by URL from beside the module that starts it.
  copy: [{ from: 'src/engines/native/worker.mjs', to: 'dist' }],
})
