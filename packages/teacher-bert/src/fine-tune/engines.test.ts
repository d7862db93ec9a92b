import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { inFolder, tinyFiles } from '../../test/tiny-model.ts'

const program = `
const { fineTune } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)})
const examples = ['a good', 'b good', 'c good', 'd good', 'a bad', 'b bad', 'c bad', 'd bad'].map((text, row) => ({ text, label: row < 4 ? 1 : 0 }))
const options = { labels: ['blame', 'praise'], epochs: 4, batchSize: 4, accumulate: 2, learningRate: 2e-3, dropout: 0, validation: examples }
const { teacher, history, steps } = await fineTune(process.argv[1], examples, options)
console.log(JSON.stringify({ history, steps, arithmetic: teacher.arithmetic, logits: [...(await teacher.logits(examples))] }))
process.exit(0)
`

interface Trained {
  readonly history: readonly { loss: number }[]
  readonly steps: number
  readonly arithmetic: string
  readonly logits: readonly number[]
}

async function trained(folder: string, environment: Record<string, string>): Promise<Trained> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@kd/source', '--import', 'tsx', '--input-type=module', '--eval', program, folder],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), env: { ...process.env, ...environment } },
  )
  expect(stderr).toBe('')
  return JSON.parse(stdout) as Trained
}

it('trains the same on one thread, on two, and without ONNX Runtime', async () => {
  await inFolder(await tinyFiles(), async (folder) => {
    // In turn: this process's engine is bound to one number of threads.
    const one = await trained(folder, { KD_THREADS: '1' })
    const others = [await trained(folder, { KD_THREADS: '2' }), await trained(folder, { KD_ENGINE: 'tfjs' })]
    expect(others.map(({ arithmetic }) => arithmetic)).toEqual(['float32', 'float32, TensorFlow.js'])
    expect(one.steps).toBe(4)
    expect(one.history[3]!.loss).toBeLessThan(one.history[0]!.loss)
    for (const { history, logits } of others) {
      history.forEach(({ loss }, epoch) => {
        expect(loss).toBeCloseTo(one.history[epoch]!.loss, 4)
      })
      logits.forEach((value, i) => {
        expect(value).toBeCloseTo(one.logits[i]!, 3)
      })
    }
  })
})
