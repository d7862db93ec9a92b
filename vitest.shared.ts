import { defineConfig } from 'vitest/config'

/** What every package's tests share: sources instead of builds, one process at a time so that engines don't compete for cores. */
export default defineConfig({
  resolve: { conditions: ['@kd/source'] },
  ssr: { resolve: { conditions: ['@kd/source', 'node', 'import', 'default'] } },
  test: {
    include: ['src/**/*.test.ts'],
    exclude: ['src/**/*.slow.test.ts'],
    fileParallelism: false,
    testTimeout: 30_000,
    reporters: ['default', 'json'],
    outputFile: { json: '.vitest/results.json' },
  },
})
