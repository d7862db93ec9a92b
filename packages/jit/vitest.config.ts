import { defineConfig } from 'vitest/config'
import shared, { settings } from '../../vitest.shared.ts'

const onEachEngine = defineConfig({ ...settings, test: { ...settings.test, setupFiles: ['test/on-each-engine.ts'] } })

/** `KD_TEST_ENGINE` runs the whole suite on that engine: see `test:slow`. */
export default process.env.KD_TEST_ENGINE ? onEachEngine : shared
