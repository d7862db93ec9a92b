import '@tensorflow/tfjs-layers'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, it } from 'vitest'
import { chainOps } from '../testing/chained-ops.ts'
import { checkDerivative, checkTraced, nameOf } from '../testing/check-ops.ts'
import { testEngine } from '../testing/engines.ts'
import { opRows } from '../testing/op-rows.ts'

beforeAll(async () => {
  // Whatever the files before have left: wasm's kernels of integers write where they must not.
  await tf.setBackend('cpu')
  chainOps()
  await testEngine('onnxruntime-node')()
}, 60_000)

const byKernel = new Map(opRows.map(({ kernel }) => [kernel, opRows.filter((row) => row.kernel === kernel)]))

describe('each kernel, plain and traced, and again on fresh inputs', () => {
  it.each([...byKernel])('%s', (_, rows) => checkTraced(rows))
})

describe('each gradient, along one direction', () => {
  const rows = opRows.filter(({ gradient = true }) => gradient)
  it.each(rows.map((row) => [nameOf(row), row] as const))('%s', (_, row) => {
    tf.tidy(() => checkDerivative(row))
  })
})
