import { defineConfig } from 'tsdown'

export default defineConfig({ entry: ['src/index.ts', 'src/metrics.ts'], dts: true, fixedExtension: false })
