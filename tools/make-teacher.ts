/**
 * Makes a teacher package's files from a fine-tuned Hugging Face folder: weights in int8, labels, tokeniser, stored answers.
 *
 *   npm run make-teacher --workspace @kd/tools -- --from FOLDER --to models/teacher-sst2 --labels negative,positive
 *
 * Only these files are written; card, licence and package.json are kept.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeFileAtomic } from '@kd/core/node'
import { quantizeCheckpoint } from '@kd/teacher-bert'

const { values } = parseArgs({
  options: { from: { type: 'string' }, to: { type: 'string' }, labels: { type: 'string' } },
})
if (!values.from || !values.to) throw new Error('usage: make-teacher --from FOLDER --to FOLDER [--labels a,b]')

// npm runs a workspace's scripts in its own folder; paths are meant from where the command was typed.
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const files = await quantizeCheckpoint(place(values.from), { labels: values.labels?.split(',') })
await mkdir(place(values.to), { recursive: true })
for (const [name, contents] of Object.entries(files)) {
  await writeFileAtomic(join(place(values.to), name), contents)
  console.log(`${name}  ${contents.length.toLocaleString('en')} bytes`)
}
process.exit(0)
