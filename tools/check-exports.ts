/**
 * Exports a student in every form and lets Python's own libraries read all of it.
 *
 *   KD_PYTHON=python3 npm run check-exports --workspace @kd/tools -- --student examples/sst2/out/student
 *
 * Python needs numpy, onnx, onnxruntime, tokenizers, safetensors, torch. 2,000 strings, the same each time: words by `tokenizers`,
 * logits by `onnxruntime` (single precision and int8) and by PyTorch from the saved folder. Prints what differs. With `--data SST2`
 * (a folder with GLUE's `train.tsv` and `dev.tsv`) also how often int8 names the student's class, on 4,000 train sentences and on dev.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Example } from '@kd/core'
import { readTask } from '@kd/data'
import { loadOnnx } from '@kd/jit'
import { exportOnnx, exportTokenizer, loadStudent } from '@kd/students'
import fc from 'fast-check'

const { values } = parseArgs({
  options: { student: { type: 'string', default: 'examples/sst2/out/student' }, data: { type: 'string' } },
})
const python = process.env.KD_PYTHON
if (!python) throw new Error('KD_PYTHON names no interpreter')
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const saved = place(values.student)

const golden: { text: string }[] = JSON.parse(
  await readFile(new URL('../packages/runtime/fixtures/tokenizer.json', import.meta.url), 'utf8'),
)
const student = await loadStudent(saved)
const texts = strings(
  golden.map(({ text }) => text),
  student.vocabulary.words,
)
const folder = await mkdtemp(join(tmpdir(), 'kd-check-exports-'))
try {
  const at = (name: string) => join(folder, name)
  const sizes = {
    float32: (await exportOnnx(student, at('float32.onnx'))).bytes,
    int8: (await exportOnnx(student, at('int8.onnx'), { weights: 'int8' })).bytes,
    tokenizer: (await exportTokenizer(student, at('tokenizer.json'))).bytes,
  }
  const ids = texts.map((text) => [...student.vocabulary.ids(text, student.description.maxLength)])
  const logits = await student.logits(texts.map((text) => ({ text })))
  await writeFile(at('cases.json'), JSON.stringify({ texts, ids, logits: [...logits], int8: await int8Logits(at('int8.onnx'), ids) }))
  console.log(`bytes: float32.onnx ${sizes.float32}, int8.onnx ${sizes.int8}, tokenizer.json ${sizes.tokenizer}`)
  const script = fileURLToPath(new URL('check_exports.py', import.meta.url))
  execFileSync(python, [script, folder, saved], { stdio: 'inherit' })
  if (values.data) {
    const { train, dev } = await readTask('sst2', place(values.data))
    const some = Array.from({ length: 4000 }, (_, row) => train.examples[Math.floor((row * train.length) / 4000)]!)
    console.log(`4,000 train sentences: ${await agreement(at('int8.onnx'), some)}`)
    console.log(`dev: ${await agreement(at('int8.onnx'), dev.examples)}`)
  }
} finally {
  await rm(folder, { recursive: true })
}
process.exit(0)

/** What the tokeniser's rules look at, real words, whatever Unicode has. */
function strings(golden: readonly string[], words: readonly string[]): string[] {
  const pieces = [..." '\"`.-n'tsdlre5,:()’“—…İΣ\u0301\u200d", "n't", "'s", '[MASK]', 'mr.', '...', '🙂', '東', 'film', ' warm ']
  const sample = (unit: fc.Arbitrary<string> | 'grapheme', maxLength: number, count: number, join = '') =>
    fc
      .sample(typeof unit === 'string' ? fc.array(fc.string({ unit, maxLength: 1 }), { maxLength }) : fc.array(unit, { maxLength }), {
        numRuns: count,
        seed: 1,
      })
      .map((parts) => parts.join(join))
  const known = fc.constantFrom(...words)
  return [
    ...golden,
    ...sample(fc.constantFrom(...pieces), 40, 800),
    ...sample(known, 40, 700, ' '),
    ...sample('grapheme', 40, 500 - golden.length),
  ]
}

/** One text at a time: the rounding of int8 depends on a batch's other texts. */
async function int8Logits(file: string, ids: readonly (readonly number[])[]): Promise<number[]> {
  const session = await loadOnnx(await readFile(file), { threads: 1 })
  const all: number[] = []
  for (const row of ids) {
    const { logits } = await session.run({ input_ids: { data: BigInt64Array.from(row, BigInt), shape: [1, row.length] } })
    all.push(...(logits!.data as Float32Array))
  }
  await session.dispose()
  return all
}

/** How often the int8 model names the class that the student names, and how often each of them is right. */
async function agreement(file: string, examples: readonly Example[]): Promise<string> {
  const classes = student.labels.length
  const ids = examples.map(({ text }) => [...student.vocabulary.ids(text, student.description.maxLength)])
  const [ours, theirs] = [await student.logits(examples), await int8Logits(file, ids)]
  const top = (logits: ArrayLike<number>, row: number) => {
    const own = Array.from({ length: classes }, (_, column) => logits[row * classes + column]!)
    return own.indexOf(Math.max(...own))
  }
  const share = (holds: (row: number) => boolean) =>
    `${((100 * examples.filter((_, row) => holds(row)).length) / examples.length).toFixed(2)} %`
  const right = (logits: ArrayLike<number>) => share((row) => top(logits, row) === examples[row]!.label)
  return `int8 names the student's class for ${share((row) => top(ours, row) === top(theirs, row))}; right: ${right(ours)}, in int8 ${right(theirs)}`
}
