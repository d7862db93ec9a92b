/**
 * Fine-tunes a tiny checkpoint of each family, saves it, and lets transformers read the folder and answer.
 *
 *   KD_PYTHON=python3 npm run check-fine-tuned --workspace @kd/tools
 *
 * Python needs torch and transformers. Texts and pairs are those of packages/teacher-bert/fixtures/families; also the first
 * answers of the tokeniser are compared, so that the folder is whole.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Example } from '@kd/core'
import { fineTune } from '@kd/teacher-bert'

const python = process.env.KD_PYTHON
if (!python) throw new Error('KD_PYTHON names no interpreter')

const fixtures = fileURLToPath(new URL('../packages/teacher-bert/fixtures/families', import.meta.url))
const place = await mkdtemp(join(tmpdir(), 'kd-check-fine-tuned-'))
try {
  for (const family of await readdir(fixtures)) {
    const { rows }: { rows: Example[] } = JSON.parse(await readFile(join(fixtures, family, 'expected.json'), 'utf8'))
    const examples = rows.map(({ text, pair }) => (pair === undefined ? { text } : { text, pair }))
    const labelled = examples.map((example, row) => ({ ...example, label: row % 3 }))
    const options = { labels: ['no', 'maybe', 'yes'], epochs: 2, batchSize: 8, learningRate: 1e-3 }
    const { teacher } = await fineTune(join(fixtures, family), labelled, options)
    await teacher.save(join(place, family))
    const cases = { labels: teacher.labels, examples, logits: [...(await teacher.logits(examples))] }
    await writeFile(join(place, `${family}.json`), JSON.stringify(cases))
    await teacher.dispose()
  }
  execFileSync(python, [fileURLToPath(new URL('check_fine_tuned.py', import.meta.url)), place], { stdio: 'inherit' })
} finally {
  await rm(place, { recursive: true })
}
process.exit(0)
