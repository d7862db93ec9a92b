import { defineConfig } from 'vitest/config'

/** For sources instead of builds, and one process at a time so that engines don't compete for cores. */
export const settings = defineConfig({
  resolve: { conditions: ['@kd/source'] },
  ssr: { resolve: { conditions: ['@kd/source', 'node', 'import', 'default'] } },
  test: {
    include: ['src/**/*.test.ts'],
    exclude: ['src/**/*.slow.test.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    reporters: ['default', 'json'],
    outputFile: { json: '.vitest/results.json' },
  },
})

/**
 * What every package's tests share. Files share their modules: loading TensorFlow.js for each took a third of the time.
 * What must have a process of its own is named x.alone.test.ts.
 */
export default defineConfig({
  ...settings,
  test: {
    ...settings.test,
    include: [],
    projects: [
      {
        extends: true,
        test: { name: 'together', include: ['src/**/*.test.ts'], exclude: ['src/**/*.alone.test.ts'], isolate: false },
      },
      { extends: true, test: { name: 'alone', include: ['src/**/*.alone.test.ts'] } },
    ],
  },
})
