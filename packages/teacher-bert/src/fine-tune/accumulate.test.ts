import { expect, it } from 'vitest'
import { inFolder, tinyFiles } from '../../test/tiny-model.ts'
import { fineTune } from './fine-tune.ts'

// Of several lengths, so that parts have padding; 30 examples leave the last update not full.
const examples = [...'abcdefghij'].flatMap((letter, row) =>
  ['good', 'bad', 'film'].map((word, label) => ({ text: `${letter} `.repeat(1 + (row % 2)) + word, label })),
)
const labels = ['praise', 'blame', 'neither']
const options = { labels, epochs: 2, learningRate: 2e-3, dropout: 0, classWeights: 'balanced', patience: 5, threads: 1 } as const

it('updates by several batches as by the large one', async () => {
  await inFolder(await tinyFiles(), async (base) => {
    const whole = await fineTune(base, examples, { ...options, batchSize: 12 })
    const parts = await fineTune(base, examples, { ...options, batchSize: 4, accumulate: 3 })
    expect([whole.steps, parts.steps]).toEqual([6, 6])
    parts.history.forEach(({ loss }, epoch) => {
      expect(loss).toBeCloseTo(whole.history[epoch]!.loss, 5)
    })
    const [wanted, found] = [await whole.teacher.logits(examples), await parts.teacher.logits(examples)]
    wanted.forEach((value, i) => {
      expect(Math.abs(value - found[i]!)).toBeLessThan(1e-4)
    })
    const single = await fineTune(base, examples, { ...options, batchSize: 4 })
    expect(single.history[1]!.loss).not.toBeCloseTo(whole.history[1]!.loss, 3)
    await single.teacher.dispose()
    await whole.teacher.dispose()
    await parts.teacher.dispose()
  })
})
