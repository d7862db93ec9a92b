import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers' // registers the gradients
import { beforeAll, describe, expect, it } from 'vitest'
import { crossEntropy, type Loss, type LossTargets, logitsMse, mix, mixByAlpha, scoreMse, softTargets } from './index.ts'

interface Golden {
  loss: number
  gradient: number[][]
}
const fixture = JSON.parse(readFileSync(new URL('../fixtures/losses.json', import.meta.url), 'utf8'))
const student: number[][] = fixture.student
const teacher: number[][] = fixture.teacher
const labels: number[] = fixture.labels

beforeAll(() => tf.setBackend('cpu'))

const targets = (): LossTargets => ({ logits: tf.tensor2d(teacher), labels: tf.tensor1d(labels, 'int32') })

/** Loss of the batch and its gradient by the student's logits. */
function batchLoss(loss: Loss, logits: number[][], given = targets()): { value: number; gradient: number[][] } {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((x) => tf.mean(loss.perExample(x as tf.Tensor2D, given)) as tf.Scalar)(tf.tensor2d(logits))
    return { value: value.dataSync()[0]!, gradient: grad.arraySync() as number[][] }
  })
}

const golden: [string, Loss, Golden][] = [
  ['logits MSE', logitsMse(), fixture['mse+ce alpha=0.0']],
  ['cross-entropy', crossEntropy(), fixture['mse+ce alpha=1.0']],
  ['alpha 0', mixByAlpha(0), fixture['mse+ce alpha=0.0']],
  ['alpha 0.3', mixByAlpha(0.3), fixture['mse+ce alpha=0.3']],
  ['alpha 1', mixByAlpha(1), fixture['mse+ce alpha=1.0']],
  ['soft targets T=1', softTargets(), fixture['soft targets T=1.0']],
  ['soft targets T=3', softTargets({ temperature: 3 }), fixture['soft targets T=3.0']],
]

describe("PyTorch's losses and gradients", () => {
  it.each(golden)('%s', (_, loss, expected) => {
    const { value, gradient } = batchLoss(loss, student)
    expect(value).toBeCloseTo(expected.loss, 6)
    gradient.forEach((row, i) => {
      row.forEach((entry, j) => {
        expect(entry).toBeCloseTo(expected.gradient[i]![j]!, 6)
      })
    })
  })
})

// Special points beside the fixture's ordinary ones: equal logits, saturated ones, one class far below.
const points: [string, number[][]][] = [
  ['ordinary', student],
  ['equal', student.map((row) => row.map(() => 0))],
  ['saturated', student.map((row) => row.map((_, j) => (j === 0 ? 30 : -30)))],
]
const differentiable: [string, Loss][] = [
  ...golden.map(([name, loss]) => [name, loss] as [string, Loss]),
  [
    'mix of three',
    mix([
      [0.2, logitsMse()],
      [0.5, softTargets({ temperature: 2 })],
      [2, crossEntropy()],
    ]),
  ],
]

describe.each(differentiable)('gradient of %s against central differences', (_, loss) => {
  it.each(points)('%s', (_, logits) => {
    const { gradient } = batchLoss(loss, logits)
    const step = 0.05
    for (const [i, row] of logits.entries()) {
      for (const j of row.keys()) {
        const shifted = (by: number) =>
          logits.map((other, k) => (k === i ? other.map((value, l) => (l === j ? value + by : value)) : other))
        const difference = (batchLoss(loss, shifted(step)).value - batchLoss(loss, shifted(-step)).value) / (2 * step)
        // float32 losses up to 1,000 leave 1e-3 of a difference, the cubic term 1e-4.
        expect(Math.abs(gradient[i]![j]! - difference)).toBeLessThan(2e-3 * Math.max(1, Math.abs(difference)))
      }
    }
  })
})

describe('Loss', () => {
  it.each(differentiable)('%s: one finite number an example, independent of the others', (_, loss) => {
    tf.tidy(() => {
      const all = loss.perExample(tf.tensor2d(student), targets())
      expect(all.shape).toEqual([student.length])
      const alone = loss.perExample(tf.tensor2d([student[2]!]), {
        logits: tf.tensor2d([teacher[2]!]),
        labels: tf.tensor1d([labels[2]!], 'int32'),
      })
      expect(alone.dataSync()[0]).toBe(all.dataSync()[2])
    })
  })

  it('stays finite where the classes are far apart', () => {
    const far = [[1000, -1000, 0]]
    const given = { logits: tf.tensor2d([[-1000, 1000, 0]]), labels: tf.tensor1d([1], 'int32') }
    expect(batchLoss(softTargets(), far, given).value).toBeCloseTo(2000, 2)
    expect(batchLoss(crossEntropy(), far, given).value).toBeCloseTo(2000, 2)
  })

  it('asks only for what it reads', () => {
    expect(mixByAlpha(0).needs).toEqual({ logits: true, labels: false })
    expect(mixByAlpha(1).needs).toEqual({ logits: false, labels: true })
    expect(mixByAlpha(0.5, softTargets({ temperature: 4 })).needs).toEqual({ logits: true, labels: true })
    expect(mixByAlpha(0.3).name).toBe('0.7 logits-mse + 0.3 cross-entropy')
  })

  it('frees what it makes', () => {
    const given = targets()
    const before = tf.memory().numTensors
    for (const [, loss] of differentiable) batchLoss(loss, student, given)
    expect(tf.memory().numTensors).toBe(before)
  })
})

it('score-mse: the squared difference of the one output and the score', () => {
  const loss = tf.tidy(() =>
    scoreMse()
      .perExample(tf.tensor2d([[1], [3.5]]), { labels: tf.tensor1d([2, 3]) })
      .arraySync(),
  )
  expect(loss).toEqual([1, 0.25])
})

describe('bad input', () => {
  it.each([
    ['no teacher logits', () => batchLoss(logitsMse(), student, {}), /logits-mse.*teacher's logits/],
    ['no labels', () => batchLoss(crossEntropy(), student, {}), /cross-entropy.*labels/],
    ['other classes', () => batchLoss(softTargets(), [[1, 2]], { logits: tf.tensor2d([[1, 2, 3]]) }), /\[1, 3\].*\[1, 2\]/],
    ['other rows', () => batchLoss(crossEntropy(), [[1, 2]], { labels: tf.tensor1d([0, 1], 'int32') }), /\[2\].*\[1\]/],
    [
      'cross-entropy of a score',
      () => batchLoss(crossEntropy(), [[1]], { labels: tf.tensor1d([0], 'int32') }),
      /one label: a score.*scoreMse/,
    ],
    ['soft targets of a score', () => batchLoss(softTargets(), [[1]], { logits: tf.tensor2d([[1]]) }), /one label: a score/],
    ['temperature', () => softTargets({ temperature: 0 }), /temperature/],
    ['weight', () => mix([[-1, logitsMse()]]), /-1.*loss/],
    ['empty mix', () => mix([]), /weight above 0/],
    ['alpha', () => mixByAlpha(1.5), /alpha/],
    ['alpha NaN', () => mixByAlpha(Number.NaN), /alpha/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message)
  })
})
