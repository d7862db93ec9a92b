/**
 * Makes a teacher package's files from a fine-tuned Hugging Face folder: weights in int8, labels, tokeniser, stored answers.
 *
 *   npm run make-teacher --workspace @kd/tools -- --from FOLDER --to models/teacher-sst2 --labels negative,positive
 *   npm run make-teacher --workspace @kd/tools -- --from FOLDER --to models/teacher-qqp --labels not_duplicate,duplicate --pairs
 *
 * Only these files are written; card, licence and package.json are kept, which `packTeacher` would write as well. With
 * `--dev FILE` both precisions are compared on it first.
 */
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readExamples } from '@kd/data'
import { BertTeacher, quantize } from '@kd/teacher-bert'

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    labels: { type: 'string' },
    pairs: { type: 'boolean' },
    dev: { type: 'string' },
  },
})
if (!values.from || !values.to) throw new Error('usage: make-teacher --from FOLDER --to FOLDER [--labels a,b] [--pairs] [--dev FILE]')

/** What a teacher of question pairs answers is stored for these. */
const questionPairs = [
  { text: 'How do I reset my password?', pair: 'I forgot my password, what now?' },
  { text: 'Where do penguins live?', pair: 'What do penguins eat?' },
  { text: 'Is coffee bad for sleep?', pair: 'Is tea bad for sleep?' },
  { text: 'How can I lose weight fast?', pair: 'What are quick ways to lose weight?' },
]

// npm runs a workspace's scripts in its own folder; paths are meant from where the command was typed.
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const exact = await BertTeacher.load(place(values.from), { labels: values.labels?.split(','), arithmetic: 'float32' })
const { teacher, check } = await quantize(exact, {
  ...(values.pairs && { selfCheck: questionPairs }),
  ...(values.dev && { dev: await readExamples(place(values.dev), { labels: exact.labels }) }),
})
if (check) console.log(check)
const made = await mkdtemp(join(tmpdir(), 'kd-make-teacher-'))
try {
  await teacher.save(join(made, 'int8'))
  await mkdir(place(values.to), { recursive: true })
  for (const name of ['config.json', 'model.safetensors', 'self-check.json', 'tokenizer.json']) {
    await copyFile(join(made, 'int8', name), join(place(values.to), name))
    console.log(`${name}  ${(await stat(join(place(values.to), name))).size.toLocaleString('en')} bytes`)
  }
} finally {
  await rm(made, { recursive: true })
}
process.exit(0)
