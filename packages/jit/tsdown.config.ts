import { defineConfig } from 'tsdown'

export default defineConfig([
  {
    entry: ['src/index.ts'],
    dts: { oxc: true },
    fixedExtension: false,
    // Loaded by URL from beside the module that starts it.
    copy: ['worker', 'exchange', 'loops', 'profile', 'turns'].map((name) => ({ from: `src/engines/native/${name}.mjs`, to: 'dist' })),
  },
  // `#platform` leads to the browser's.
  { entry: { browser: 'src/index.ts' }, platform: 'browser', dts: false, clean: false, fixedExtension: false },
])
