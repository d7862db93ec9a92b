import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '@kd/core'
import { Vocabulary } from '@kd/runtime'
import { bilstm, createStudent, exportOnnx, siamese } from '@kd/students'

/** What both sides read, so that they do the same: texts and their words' ids. */
export interface Sentences {
  /** 5,000 of the training part, to warm up on. */
  readonly warm: readonly Sentence[]
  /** All of dev, shuffled. */
  readonly dev: readonly Sentence[]
}

export interface Sentence {
  readonly text: string
  readonly ids: readonly number[]
}

/** Students of the paper's sizes with random weights and SST-2's words, in each form, and the sentences. */
export async function prepare(data: string): Promise<{ folder: string }> {
  const texts = async (name: string) =>
    (await readFile(join(data, name), 'utf8'))
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t')[0]!.trim())
  const [train, dev] = [await texts('train.tsv'), await texts('dev.tsv')]
  const folder = await mkdtemp(join(tmpdir(), 'kd-bench-runtime-'))
  const vocabulary = Vocabulary.build(train)
  const sentence = (text: string): Sentence => ({ text, ids: [...vocabulary.ids(text, 128)] })
  const random = new Random(1, 'runtime benchmark')
  const warm = random
    .at(0)
    .shuffle([...train])
    .slice(0, 5000)
  const sentences: Sentences = {
    warm: warm.map(sentence),
    dev: random
      .at(1)
      .shuffle([...dev])
      .map(sentence),
  }
  await writeFile(join(folder, 'sentences.json'), JSON.stringify(sentences))
  for (const dimensions of [100, 300]) {
    const student = await createStudent(bilstm({ dimensions }), { labels: ['negative', 'positive'], vocabulary, seed: 1 })
    const place = join(folder, `d${dimensions}`)
    await student.save(join(place, 'float32'))
    await student.save(join(place, 'int8'), { weights: 'int8' })
    await exportOnnx(student, join(place, 'float32.onnx'))
    await exportOnnx(student, join(place, 'int8.onnx'), { weights: 'int8' })
    student.dispose()
    const pairs = await createStudent(siamese({ dimensions }), { labels: ['different', 'duplicate'], vocabulary, seed: 1 })
    await pairs.save(join(place, 'siamese'), { weights: 'int8' })
    pairs.dispose()
  }
  return { folder }
}
