import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts', 'src/node.ts', 'src/onnx.ts', 'src/test.ts'],
  dts: { oxc: true },
  fixedExtension: false,
})
