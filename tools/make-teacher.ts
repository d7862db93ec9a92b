/**
 * Makes a teacher package's files from a fine-tuned Hugging Face folder: weights in int8, labels, tokeniser, stored answers.
 *
 *   npm run make-teacher --workspace @kd/tools -- --from FOLDER --to models/teacher-sst2 --labels negative,positive
 *   npm run make-teacher --workspace @kd/tools -- --from FOLDER --to models/teacher-qqp --labels not_duplicate,duplicate --pairs
 *
 * Only these files are written; card, licence and package.json are kept.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeFileAtomic } from '@kd/core/node'
import { quantizeCheckpoint } from '@kd/teacher-bert'

const { values } = parseArgs({
  options: { from: { type: 'string' }, to: { type: 'string' }, labels: { type: 'string' }, pairs: { type: 'boolean' } },
})
if (!values.from || !values.to) throw new Error('usage: make-teacher --from FOLDER --to FOLDER [--labels a,b] [--pairs]')

/** What a teacher of question pairs answers is stored for these. */
const questionPairs = [
  { text: 'How do I reset my password?', pair: 'I forgot my password, what now?' },
  { text: 'Where do penguins live?', pair: 'What do penguins eat?' },
  { text: 'Is coffee bad for sleep?', pair: 'Is tea bad for sleep?' },
  { text: 'How can I lose weight fast?', pair: 'What are quick ways to lose weight?' },
]

// npm runs a workspace's scripts in its own folder; paths are meant from where the command was typed.
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const files = await quantizeCheckpoint(place(values.from), {
  labels: values.labels?.split(','),
  ...(values.pairs && { selfCheck: questionPairs }),
})
await mkdir(place(values.to), { recursive: true })
for (const [name, contents] of Object.entries(files)) {
  await writeFileAtomic(join(place(values.to), name), contents)
  console.log(`${name}  ${contents.length.toLocaleString('en')} bytes`)
}
process.exit(0)
