import '@tensorflow/tfjs-layers'
import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { quietCpu } from '../engines/tfjs/cpu.ts'
import { chainOps } from '../testing/chained-ops.ts'
import { opRows } from '../testing/op-rows.ts'
import { type OpsDocument, opsDocument } from '../testing/ops-document.ts'
import { lowerings } from './lowerings/index.ts'
import { limits, refused } from './lowerings/refused.ts'

let document: OpsDocument

beforeAll(async () => {
  quietCpu()
  chainOps()
  await tf.setBackend('cpu')
  document = opsDocument()
}, 60_000)

it('OPS.md is what the lowerings and their rows give; npm run ops writes it', async () => {
  expect(document.text).toBe(await readFile(new URL('../../OPS.md', import.meta.url), 'utf8'))
})

it('every kernel and every gradient is run by a row, or refused with a reason', () => {
  for (const all of [document.kernels, document.gradients]) {
    expect([...all].filter(([, { how }]) => how === 'without a row').map(([name]) => name)).toEqual([])
  }
})

it('nine of ten kernels are taken', () => {
  const taken = [...document.kernels.values()].filter(({ how }) => how === 'native' || how === 'composed')
  expect(taken.length / document.kernels.size).toBeGreaterThanOrEqual(0.9)
})

it('nothing is lowered that TensorFlow.js does not run, and nothing is both lowered and refused', () => {
  expect(Object.keys(lowerings).filter((kernel) => !document.kernels.has(kernel))).toEqual([])
  expect(Object.keys(refused).filter((kernel) => kernel in lowerings)).toEqual([])
  expect(Object.keys(limits).filter((kernel) => !(kernel in lowerings))).toEqual([])
})

it('a kernel loses its mark with its rows', () => {
  const { kernels, gradients } = opsDocument(opRows.filter(({ kernel }) => kernel !== 'Erf' && kernel !== 'gelu'))
  expect([kernels.get('Erf')!.how, gradients.get('Erf')!.how]).toEqual(['without a row', 'without a row'])
})
