import { join } from 'node:path'
import { inTerminal } from '@kd/example-common'
import { argMax } from '@kd/losses/metrics'
import { type DemoResult, demo } from './demo.ts'
import { defaultOut, planOf } from './plan.ts'

/** Written for the demo. */
const sentences = [
  'a warm and clever little film',
  'two hours of my life that nobody will give back',
  'works exactly as described, fast shipping too',
  'the waiter was rude; the soup was cold',
  'not bad, not good, just long',
]

await inTerminal(
  async (watched) => {
    const { notes, ...plan } = await planOf(process.argv.slice(2), watched)
    for (const note of notes) console.error(note)
    return { ...(await demo({ ...plan, ...watched })), out: plan.out }
  },
  async ({ out, ...result }) => {
    console.log(`\n${result.report}\n`)
    await predictBeside(result)
    const place = out === defaultOut ? '' : `--out ${out} `
    console.log(`\nThe student is in ${join(out, 'student')}: npm run predict -- ${place}"so good that I called my mother"`)
  },
)

async function predictBeside({ teacher, student }: DemoResult): Promise<void> {
  const theirs = argMax(await teacher.logits(sentences.map((text) => ({ text }))), teacher.labels.length)
  const ours = await student.predict(sentences)
  console.log(`${'teacher'.padEnd(10)} ${'student'.padEnd(16)} sentence`)
  sentences.forEach((text, index) => {
    const { label, probability } = ours[index]!
    console.log(`${teacher.labels[theirs[index]!]!.padEnd(10)} ${`${label} ${Math.round(100 * probability)} %`.padEnd(16)} ${text}`)
  })
  student.dispose()
  await teacher.dispose()
}
