import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataset, type Example, KdError, type ProgressEvent, readSafetensors, toFloat32 } from '@kd/core'
import { describe, expect, it } from 'vitest'
import { inFolder, tinyFiles } from '../../test/tiny-model.ts'
import { BertTeacher } from '../teacher.ts'
import { type FineTuneOptions, fineTune } from './fine-tune.ts'

const words = ['good', 'bad', 'film']
const labels = ['praise', 'blame', 'neither']
const letters = [...'abcdefghij']
/** The word decides, the letter before it does not; all of one length. */
const examples: Example[] = letters.flatMap((letter) => words.map((word, label) => ({ text: `${letter} ${word}`, label })))
const data = dataset({ name: 'words', labels, pairs: false, metrics: ['accuracy'] }, examples)

const onBase = async <T>(use: (folder: string) => Promise<T>): Promise<T> => inFolder(await tinyFiles(), use)
const quick: FineTuneOptions = { batchSize: 10, learningRate: 5e-3, epochs: 6, labels }

async function weightsIn(folder: string): Promise<Record<string, Float32Array>> {
  const { tensors } = readSafetensors(await readFile(join(folder, 'model.safetensors')))
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, toFloat32(tensor, name)]))
}

describe('fineTune', () => {
  it('learns the labels of a dataset, and is saved as a folder that loads as the same teacher', () =>
    onBase(async (base) => {
      const events: ProgressEvent[] = []
      const { labels: _, ...options } = quick
      const validation = examples.slice(0, 12)
      const { teacher, history, bestEpoch, steps } = await fineTune(base, data, {
        ...options,
        epochs: 10,
        patience: 1,
        validation,
        onProgress: (event) => events.push(event),
      })
      expect(teacher.labels).toEqual(labels)
      const best = history.findIndex(({ validation }) => validation === Math.max(...history.map((one) => one.validation!)))
      expect(bestEpoch).toBe(best + 1)
      expect(history[best]!.validation).toBe(1)
      expect([steps, history.length]).toEqual([3 * (bestEpoch + 1), bestEpoch + 1])
      expect(history[best]!.loss).toBeLessThan(history[0]!.loss)
      expect(events).toHaveLength(steps)
      expect(events[0]).toMatchObject({ stage: 'train', done: 1, total: 30, unit: 'steps' })
      expect(events[0]!.figures!['seconds left']).toBeGreaterThan(0)
      expect(events.at(-1)!.figures!.validation).toBe(history.at(-1)!.validation)

      const folder = join(base, '..', 'saved')
      await teacher.save(folder)
      const loaded = await BertTeacher.load(folder)
      expect(loaded.fingerprint).toBe(teacher.fingerprint)
      expect(loaded.labels).toEqual(labels)
      expect(await loaded.logits(validation)).toEqual(await teacher.logits(validation))
      expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toMatchObject({
        architectures: ['BertForSequenceClassification'],
        problem_type: 'single_label_classification',
      })
      const card = await readFile(join(folder, 'README.md'), 'utf8')
      expect(card).toContain(`| ${bestEpoch} (kept) | ${history[best]!.loss.toFixed(4)} | 1.0000 |`)
      await loaded.dispose()
      await teacher.dispose()
    }))

  it('goes on after a stop with the same bits, dropout and all', () =>
    onBase(async (base) => {
      const answers = async (changes: FineTuneOptions) => {
        const { teacher, history } = await fineTune(base, examples, { ...quick, epochs: 3, dropout: 0.2, ...changes })
        const logits = await teacher.logits(examples)
        await teacher.dispose()
        return { logits, history }
      }
      const whole = await answers({})
      const checkpoint = { file: join(base, '..', 'checkpoint.safetensors'), every: 2 }
      const stop = new AbortController()
      const onProgress = ({ done }: ProgressEvent) => done === 5 && stop.abort()
      const stopped = answers({ checkpoint, signal: stop.signal, onProgress: onProgress as (event: ProgressEvent) => void })
      await expect(stopped).rejects.toMatchObject({ kind: 'aborted' })
      const begun: number[] = []
      expect(await answers({ checkpoint, onProgress: ({ done }) => begun.push(done) })).toEqual(whole)
      expect(begun[0]).toBe(5)
      await expect(answers({ checkpoint, learningRate: 1e-3 })).rejects.toMatchObject({ kind: 'mismatch' })
      expect((await answers({ dropout: 0 })).logits).not.toEqual(whole.logits)
    }))

  it('leaves frozen layers as they are, and lower layers learn less under layerDecay', () =>
    onBase(async (base) => {
      const moved = async (changes: FineTuneOptions) => {
        const folder = join(base, '..', 'saved')
        const { teacher } = await fineTune(base, examples, { ...quick, epochs: 1, ...changes })
        await teacher.save(folder)
        await teacher.dispose()
        const [before, after] = [await weightsIn(base), await weightsIn(folder)]
        return (name: string) => Math.max(...after[name]!.map((value, i) => Math.abs(value - before[name]![i]!)))
      }
      const [words, first, second] = [
        'bert.embeddings.word_embeddings.weight',
        'bert.encoder.layer.0.output.dense.weight',
        'bert.encoder.layer.1.output.dense.weight',
      ] as const
      const frozen = await moved({ freeze: 1 })
      expect([frozen(words), frozen('bert.embeddings.position_embeddings.weight'), frozen(first)]).toEqual([0, 0, 0])
      expect(frozen(second)).toBeGreaterThan(1e-3)
      const decayed = await moved({ layerDecay: 0.1 })
      expect(decayed(first)).toBeGreaterThan(0)
      expect(decayed(first)).toBeLessThan(decayed(second) / 5)
      expect(decayed(words)).toBeLessThan(decayed(first) / 5)
    }))

  it('learns a number', () =>
    onBase(async (base) => {
      const scored = examples.map(({ text, label }) => ({ text, label: label! - 0.5 }))
      const { teacher, history } = await fineTune(base, scored, {
        ...quick,
        epochs: 15,
        labels: undefined,
        problem: 'regression',
        validation: scored,
      })
      expect([teacher.labels, teacher.problemType]).toEqual([['score'], 'regression'])
      expect(Math.max(...history.map(({ validation }) => validation!))).toBeGreaterThan(0.9)
      expect(Math.min(...history.map(({ loss }) => loss))).toBeLessThan(history[0]!.loss / 2)
      await teacher.dispose()
    }))

  it('learns pairs, and counts classes as asked', () =>
    onBase(async (base) => {
      const pairs = examples.map(({ text, label }, index) => ({
        text: text.slice(2),
        pair: index % 3 === 0 ? 'good' : 'bad',
        label: label === 0 ? 1 : 0,
      }))
      const share = async (classWeights: FineTuneOptions['classWeights']) => {
        const { teacher } = await fineTune(base, pairs, {
          ...quick,
          epochs: 1,
          learningRate: 1e-3,
          labels: ['other', 'same'],
          classWeights,
        })
        const logits = await teacher.logits(pairs)
        await teacher.dispose()
        return logits.reduce((sum, value, i) => sum + (i % 2 === 1 ? value : -value), 0) / pairs.length
      }
      const [plain, heavy] = [await share(undefined), await share([1, 50])]
      expect(heavy).toBeGreaterThan(plain)
    }))

  it.each(['distilbert', 'roberta', 'xlm-roberta', 'electra', 'mpnet', 'albert'])('trains a %s', async (family) => {
    const folder = fileURLToPath(new URL(`../../fixtures/families/${family}`, import.meta.url))
    const rows = examples.slice(0, 8).map(({ text, label }) => ({ text: text.slice(0, 1), label: label! % 2 }))
    const { teacher, history } = await fineTune(folder, rows, {
      labels: ['a', 'b'],
      batchSize: 8,
      epochs: 4,
      learningRate: 1e-2,
      dropout: 0,
    })
    expect(history[3]!.loss).toBeLessThan(history[0]!.loss)
    expect((await teacher.logits(rows)).length).toBe(16)
    await teacher.dispose()
  })

  it.each<[string, Example[], FineTuneOptions, Partial<KdError>]>([
    ['no example', [], {}, { kind: 'data', what: 'there are no training examples' }],
    ['no label', [{ text: 'a' }], {}, { kind: 'data', what: 'training example 1 has no label' }],
    ['one class', examples.filter(({ label }) => label === 1), {}, { kind: 'data' }],
    ['a label out of range', [...examples, { text: 'a', label: 3 }], {}, { kind: 'data' }],
    ['half a label', [...examples, { text: 'a', label: 0.5 }], {}, { kind: 'data' }],
    ['a number that is none', [...examples, { text: 'a', label: NaN }], { problem: 'regression', labels: undefined }, { kind: 'data' }],
    ['an unlabelled validation example', examples, { validation: [{ text: 'a' }] }, { kind: 'data' }],
    ['no names of classes', examples, { labels: undefined }, { kind: 'option', where: { option: 'labels' } }],
    ['one name', examples, { labels: ['a'] }, { kind: 'option', where: { option: 'labels' } }],
    ['too few class weights', examples, { classWeights: [1, 2] }, { kind: 'option', where: { option: 'classWeights' } }],
    ['a rate below 0', examples, { learningRate: -1 }, { kind: 'option', where: { option: 'learningRate' } }],
    ['too much dropout', examples, { dropout: 1 }, { kind: 'option', where: { option: 'dropout' } }],
    ['more frozen layers than there are', examples, { freeze: 3 }, { kind: 'option', where: { option: 'freeze' } }],
    ['a metric of another problem', examples, { metric: 'pearson' }, { kind: 'option', where: { option: 'metric' } }],
    ['a rate that lets the loss overflow', examples, { learningRate: 1e30, warmup: 0 }, { kind: 'numeric' }],
  ])('refuses %s', (_, rows, changes, error) =>
    onBase((base) => expect(fineTune(base, rows, { ...quick, ...changes })).rejects.toMatchObject(error)),
  )

  it('refuses a base that lacks what it needs', async () => {
    const { 'vocab.txt': vocabulary, ...files } = await tinyFiles()
    const refused = (contents: typeof files, error: object) =>
      inFolder(contents, (folder) => expect(fineTune(folder, examples, quick)).rejects.toMatchObject(error))
    await refused(files, { kind: 'missing' })
    const { 'model.safetensors': _, ...weightless } = await tinyFiles()
    await refused(weightless, { kind: 'missing' })
    await refused({ ...weightless, 'model.onnx': new Uint8Array(8) }, { kind: 'mismatch' })
    const deeper = { ...JSON.parse(String(files['config.json'])), num_hidden_layers: 3 }
    await refused({ ...files, 'vocab.txt': vocabulary!, 'config.json': JSON.stringify(deeper) }, { kind: 'missing' })
    expect(KdError.isInstance(await fineTune('no-such-folder', examples, quick).catch((error: unknown) => error), 'missing')).toBe(true)
  })
})
