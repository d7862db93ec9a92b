import { defineConfig } from 'tsdown'

export default defineConfig({ entry: ['src/index.ts', 'src/metrics.ts'], dts: { oxc: true }, fixedExtension: false })
