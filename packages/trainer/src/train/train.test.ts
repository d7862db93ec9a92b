import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { dataset, KdError, type ProgressEvent } from '@kd/core'
import { FailingFileSystem } from '@kd/core/test'
import { crossEntropy, mixByAlpha } from '@kd/losses'
import { bilstm, type Student } from '@kd/students'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { longer, moods, originals, quick, student, task, teacher, validation } from '../../fixtures/moods.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { labelTransferSet } from '../labelling/label-transfer-set.ts'
import type { LabelledTransferSet } from '../labelling/transfer-set.ts'
import { train } from './train.ts'

let folder: string
let transfer: LabelledTransferSet
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-train-'))
  transfer = await labelTransferSet(originals, teacher)
})
afterEach(() => rm(folder, { recursive: true }))

const bitsOf = (trained: Student) =>
  Object.entries(trained.weights()).map(([name, data]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  ])

/** Trains in a process that is killed once it has reported so many checkpoints. */
async function trainInChild(file: string, killAfter: number): Promise<{ saved: number; ended: boolean }> {
  const script = fileURLToPath(new URL('../../fixtures/train-in-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@kd/source', '--import', 'tsx', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  let saved = 0
  let ended = false
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'saved' && ++saved >= killAfter) child.kill('SIGKILL')
    ended ||= line === 'ended'
  }
  await exit
  return { saved, ended }
}

async function failure(work: Promise<unknown>): Promise<KdError> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  if (!KdError.isInstance(error)) throw error ?? new Error('it succeeded')
  return error
}

describe('train', () => {
  it("learns the teacher's logits, and keeps the weights that are best on validation", async () => {
    const { student: trained, history, bestStep } = await train(student, transfer, { ...quick, steps: 60 })
    const best = Math.max(...history.map((entry) => entry.validation!))
    expect(best).toBeGreaterThan(0.95)
    expect(history.find(({ step }) => step === bestStep)?.validation).toBe(best)
    expect((await evaluate(trained, validation)).metrics.accuracy).toBe(best)
    expect(trained.labels).toEqual(['sad', 'glad'])
  })

  it('learns gold labels alone, without a teacher', async () => {
    const { history } = await train(student, originals, { ...quick, steps: 60 })
    expect(Math.max(...history.map((entry) => entry.validation!))).toBeGreaterThan(0.95)
  })

  it('drops more where it learns gold labels, and what the description says where it does', async () => {
    const rates = async (...given: Parameters<typeof train>) => (await train(...given)).student.description.dropout
    const open = bilstm({ dimensions: 4, hidden: 4, dense: 4 })
    const one = { steps: 1 }
    expect(await rates(open, originals, one)).toEqual({ words: 0.6, states: 0.6, dense: 0 })
    expect(await rates(open, transfer, one)).toEqual({ words: 0.3, states: 0.3, dense: 0 })
    expect(await rates(bilstm({ ...open, dropout: 0.1 }), originals, one)).toEqual({ words: 0.1, states: 0.1, dense: 0 })
  })

  it('gives the same bits for the same seed, and others for another', async () => {
    const one = await train(student, transfer, quick)
    const again = await train(student, transfer, quick)
    const other = await train(student, transfer, { ...quick, seed: 4 })
    expect(bitsOf(again.student)).toEqual(bitsOf(one.student))
    expect(bitsOf(other.student)).not.toEqual(bitsOf(one.student))
  })

  it('goes on after a stop with the same bits as without one', async () => {
    const whole = await train(student, transfer, quick)
    const file = join(folder, 'run.safetensors')
    for (const stopAt of [7, 13, 22]) {
      const stop = new AbortController()
      const onProgress = ({ done }: ProgressEvent) => done === stopAt && stop.abort()
      const error = await failure(train(student, transfer, { ...quick, checkpoint: { file, every: 6 }, signal: stop.signal, onProgress }))
      expect(error.kind).toBe('aborted')
    }
    const seen: number[] = []
    const resumed = await train(student, transfer, {
      ...quick,
      checkpoint: { file, every: 6 },
      onProgress: ({ done }) => void seen.push(done),
    })
    expect(seen[0]).toBe(19)
    expect(bitsOf(resumed.student)).toEqual(bitsOf(whole.student))
    expect(resumed.history).toEqual(whole.history)
  })

  it.each([
    ['the last step', {}],
    ['where patience ended', { steps: 400, patience: 2 }],
  ])('ended at %s, it is not trained again', async (_, ended) => {
    const options = { ...quick, ...ended, checkpoint: { file: join(folder, 'ended.safetensors') } }
    const whole = await train(student, transfer, options)
    const seen: number[] = []
    const finished = await train(student, transfer, { ...options, onProgress: ({ done }) => void seen.push(done) })
    expect(seen).toEqual([])
    expect(bitsOf(finished.student)).toEqual(bitsOf(whole.student))
    expect(finished).toMatchObject({ steps: whole.steps, bestStep: whole.bestStep, history: whole.history })
  })

  it('goes on after kills, each after a checkpoint and before the end, with the same bits', async () => {
    const whole = await train(student, transfer, longer)
    const file = join(folder, 'killed.safetensors')
    let kills = 0
    for (const killAfter of [1, 1]) {
      const { saved, ended } = await trainInChild(file, killAfter)
      if (saved >= 1 && !ended) kills++
    }
    expect(kills).toBe(2)
    const resumed = await train(student, transfer, { ...longer, checkpoint: { file, every: 6 } })
    expect(bitsOf(resumed.student)).toEqual(bitsOf(whole.student))
    expect(resumed.history).toEqual(whole.history)
  }, 90_000)

  it('goes on from a trained student, which stays as it is', async () => {
    const first = (await train(student, originals, { ...quick, steps: 12 })).student
    const before = bitsOf(first)
    const reached = (await evaluate(first, validation)).metrics.accuracy!
    const file = join(folder, 'second.safetensors')
    const second = await train(first, transfer, { ...quick, steps: 60, checkpoint: { file } })
    expect(bitsOf(first)).toEqual(before)
    expect((await evaluate(second.student, validation)).metrics.accuracy).toBeGreaterThan(reached)
    expect(second.student).toMatchObject({ vocabulary: first.vocabulary, description: { ...first.description, vectors: undefined } })

    // What the checkpoint holds is of that start alone.
    const again = await train(first, transfer, { ...quick, steps: 60, checkpoint: { file } })
    expect(bitsOf(again.student)).toEqual(bitsOf(second.student))
    expect(await failure(train(second.student, transfer, { ...quick, steps: 60, checkpoint: { file } }))).toMatchObject({
      kind: 'mismatch',
    })
  })

  it('keeps the weights that it went on from where none are better', async () => {
    const { student: first } = await train(student, transfer, { ...quick, steps: 60 })
    const { student: second, bestStep } = await train(first, originals, { ...quick, steps: 6, learningRate: 1 })
    expect(bestStep).toBe(0)
    expect(bitsOf(second)).toEqual(bitsOf(first))
    const other = dataset({ ...task, labels: ['low', 'high'] }, originals.examples)
    expect(await failure(train(first, other, quick))).toMatchObject({ kind: 'mismatch', what: expect.stringContaining('[sad, glad]') })
  })

  it('stops where patience ends', async () => {
    const { steps, bestStep } = await train(student, transfer, { ...quick, steps: 400, patience: 2 })
    expect(steps).toBe(bestStep + 12)
  })

  it('takes mixed losses; an unlabelled example has the teacher for its label', async () => {
    const unlabelled = await labelTransferSet(
      originals.examples.map(({ text }) => ({ text })),
      teacher,
    )
    const { history } = await train(student, unlabelled, { ...quick, loss: mixByAlpha(0.5) })
    expect(history).toHaveLength(4)
    const error = await failure(train(student, unlabelled, { ...quick, loss: mixByAlpha(0.5), labelsForUnlabelled: 'none' }))
    expect(error).toMatchObject({ kind: 'data' })
  })

  const wrong: [string, () => Promise<unknown>, Partial<KdError>][] = [
    ['no examples', () => train(student, dataset(task, [])), { kind: 'data' }],
    ['a loss on logits without logits', () => train(student, originals, { loss: mixByAlpha(0.5) }), { kind: 'mismatch' }],
    ['an unlabelled example', () => train(student, dataset(task, [{ text: 'a' }]), { loss: crossEntropy() }), { kind: 'data' }],
    ['steps and epochs', () => train(student, originals, { steps: 1, epochs: 1 }), { kind: 'option', where: { option: 'steps' } }],
    ['a batch of none', () => train(student, originals, { batchSize: 0 }), { kind: 'option', where: { option: 'batchSize' } }],
    ['a rate of zero', () => train(student, originals, { learningRate: 0 }), { kind: 'option', where: { option: 'learningRate' } }],
    [
      'an unknown optimizer',
      () => train(student, originals, { optimizer: 'sgd' as 'adam' }),
      { kind: 'option', where: { option: 'optimizer' } },
    ],
    [
      'an unknown schedule',
      () => train(student, originals, { schedule: 'step' as 'linear' }),
      { kind: 'option', where: { option: 'schedule' } },
    ],
  ]
  it.each(wrong)('refuses %s', async (_, work, expected) => {
    expect(await failure(work())).toMatchObject(expected)
  })

  it('says at which step the loss is no longer a number', async () => {
    const error = await failure(train(student, transfer, { ...quick, learningRate: 1e38, schedule: 'constant' }))
    expect(error).toMatchObject({ kind: 'numeric', what: expect.stringMatching(/^the loss is (NaN|Infinity) at step \d+$/) })
  })
})

describe('a checkpoint', () => {
  it('of another training is refused and left as it is', async () => {
    const file = join(folder, 'run.safetensors')
    await train(student, transfer, { ...quick, checkpoint: { file, every: 6 } })
    const error = await failure(train(student, transfer, { ...quick, batchSize: 16, checkpoint: { file, every: 6 } }))
    expect(error).toMatchObject({ kind: 'mismatch', where: { file }, what: expect.stringContaining('batchSize is 32') })
    const moreData = await labelTransferSet(moods(161, 1), teacher)
    expect(await failure(train(student, moreData, { ...quick, checkpoint: { file } }))).toMatchObject({ kind: 'mismatch' })
  })

  it.each([
    ['a text', 'step 12', 'format'],
    ['nothing', '', 'format'],
  ])('that is %s is refused', async (_, contents, kind) => {
    const file = join(folder, 'run.safetensors')
    await writeFile(file, contents)
    expect(await failure(train(student, transfer, { ...quick, checkpoint: { file } }))).toMatchObject({ kind, where: { file } })
  })

  it.each([1, 2, 3])('on a disk whose change %i fails ends in an error and leaves nothing half-written', async (failAt) => {
    const file = join(folder, 'run.safetensors')
    const error = await failure(
      train(student, transfer, { ...quick, checkpoint: { file, every: 6, fileSystem: new FailingFileSystem(failAt) } }),
    )
    expect(error).toMatchObject({ kind: 'io', where: { file } })
    expect(await readdir(folder)).toEqual([])
  })
})
