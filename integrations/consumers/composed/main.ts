import { writeFileSync } from 'node:fs'
import { augment } from '@kd/augment'
import { readExamples, split } from '@kd/data'
import { engine } from '@kd/jit'
import { crossEntropy, logitsMse, mix } from '@kd/losses'
import { bilstm, loadStudent } from '@kd/students'
import { BertTeacher } from '@kd/teacher-bert'
import { evaluate, labelTransferSet, train } from '@kd/trainer'

const [epochs, store] = process.argv.slice(2)
const progress = new Set<string>()
const onProgress = ({ stage }: { stage: string }) => progress.add(stage)
const signal = new AbortController().signal
const alpha = 0.1

const { train: originals, validation, test } = split(await readExamples('reviews.tsv'), { seed: 1 })
const teacher = await BertTeacher.load('tiny-teacher')

const transfer = augment(originals, { perExample: 4, mask: 0.1, replace: 0.1, ngram: 0.25, seed: 1 })
const labelled = await labelTransferSet(transfer, teacher, { store, onProgress })

const description = bilstm({ hidden: 8, dense: 16, vectors: teacher.wordVectors({ dimensions: 8 }) })
const { student, history } = await train(description, labelled, {
  loss: mix([
    [1 - alpha, logitsMse()],
    [alpha, crossEntropy()],
  ]),
  optimizer: 'adadelta',
  epochs: Number(epochs),
  batchSize: 50,
  validation,
  seed: 1,
  signal,
  onProgress,
})
const evaluation = await evaluate(student, test)

await student.save('my-student')
const again = await loadStudent('my-student')
const text = 'a warm and clever film'
const [before, after] = [await student.predict(text), await again.predict(text)]

writeFileSync(
  'result.json',
  JSON.stringify({ engine: await engine(), progress: [...progress], transferred: labelled.length, history, evaluation, before, after }),
)
await labelled.close()
