import { defineConfig } from 'vitest/config'
import { settings } from '../vitest.shared.ts'

/** Built packages, not sources: what is tested here is what users get. */
export default defineConfig({
  test: { ...settings.test, globalSetup: 'src/published.ts', testTimeout: 120_000, hookTimeout: 180_000 },
})
