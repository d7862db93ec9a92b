import { defineConfig } from 'vitest/config'
import { settings } from './vitest.shared.ts'

/** What is too long for `npm test`: the files named x.slow.test.ts, run by each package's `test:slow`. */
export default defineConfig({
  ...settings,
  test: {
    ...settings.test,
    include: ['src/**/*.slow.test.ts'],
    exclude: [],
    testTimeout: 600_000,
    outputFile: { json: '.vitest/slow.json' },
  },
})
