import '@tensorflow/tfjs-layers'
import { writeFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs-core'
import { quietCpu } from '../src/engines/tfjs/cpu.ts'
import { chainOps } from '../src/testing/chained-ops.ts'
import { opsDocument } from '../src/testing/ops-document.ts'

quietCpu()
chainOps()
await tf.setBackend('cpu')
await writeFile(new URL('../OPS.md', import.meta.url), opsDocument().text)
