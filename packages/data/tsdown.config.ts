import { defineConfig } from 'tsdown'

export default defineConfig({ entry: ['src/index.ts', 'src/hub.ts'], dts: { oxc: true }, fixedExtension: false })
