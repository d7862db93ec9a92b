import { join } from 'node:path'
import { inTerminal } from '@kd/example-common'
import { demo } from './demo.ts'
import { defaultOut, planOf } from './plan.ts'

/** Typed for the demo. */
const typed = ['what would be a good way to learn italian?', 'how expensive is it to fix a laptop?']

await inTerminal(
  async (watched) => {
    const { notes, ...plan } = await planOf(process.argv.slice(2), watched)
    for (const note of notes) console.error(note)
    return { ...(await demo({ ...plan, ...watched })), out: plan.out }
  },
  async ({ report, student, questions, out }) => {
    console.log(`\n${report}\n`)
    const known = await student.encode(questions)
    for (const question of typed) {
      console.log(`nearest of ${questions.length.toLocaleString('en')} questions to "${question}"`)
      const nearest = (await student.compare(question, known)).top(3)
      for (const { index, probability } of nearest) console.log(`${`${Math.round(100 * probability)} %`.padStart(5)}  ${questions[index]}`)
    }
    const place = out === defaultOut ? '' : `--out ${out} `
    console.log(
      `\nThe student is in ${join(out, 'student')}: npm run predict:qqp -- ${place}"Is it hard to cook rice?" "Is rice easy to cook?"`,
    )
    student.dispose()
  },
)
