import { mergeConfig } from 'vitest/config'
import shared from '../../vitest.shared.ts'

/** Files share their modules: loading TensorFlow.js for each would be a third of the time. Examples run in processes of their own. */
export default mergeConfig(shared, { test: { isolate: false, testTimeout: 90_000 } })
