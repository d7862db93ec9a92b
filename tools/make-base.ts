/**
 * Makes a base package's files from a Hugging Face checkpoint: its encoder in int8, its tokeniser.
 *
 *   npm run make-base --workspace @kd/tools -- --from FOLDER --to models/minilm-base
 *
 * Only these files are written; card, licence and package.json are kept.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writeFileAtomic } from '@kd/core/node'
import { quantizeBase } from '@kd/teacher-bert'

const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } })
if (!values.from || !values.to) throw new Error('usage: make-base --from FOLDER --to FOLDER')

// npm runs a workspace's scripts in its own folder; paths are meant from where the command was typed.
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const files = await quantizeBase(place(values.from))
await mkdir(place(values.to), { recursive: true })
for (const [name, contents] of Object.entries(files)) {
  await writeFileAtomic(join(place(values.to), name), contents)
  console.log(`${name}  ${contents.length.toLocaleString('en')} bytes`)
}
process.exit(0)
