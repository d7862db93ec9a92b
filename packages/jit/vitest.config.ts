import { defineConfig } from 'vitest/config'
import shared from '../../vitest.shared.ts'

/** `KD_TEST_ENGINE` runs the whole suite on that engine: see `test:slow`. */
export default defineConfig({
  ...shared,
  test: { ...shared.test, setupFiles: process.env.KD_TEST_ENGINE ? ['test/on-each-engine.ts'] : [] },
})
