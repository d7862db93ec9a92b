/**
 * The most memory that one update of @kd/minilm-base takes: 128 texts of 64 tokens, in batches of so many.
 *
 *   npm run measure-accumulate --workspace @kd/tools -- --batch 8
 */
import { parseArgs } from 'node:util'
import { fineTune } from '@kd/teacher-bert'

const { values } = parseArgs({ options: { batch: { type: 'string', default: '8' }, texts: { type: 'string', default: '128' } } })
const [batchSize, texts] = [Number(values.batch), Number(values.texts)]
const words = ['the', 'a', 'film', 'book', 'warm', 'cold', 'good', 'bad', 'and', 'or', 'but', 'was', 'is', 'very', 'long', 'short']
const examples = Array.from({ length: texts }, (_, row) => ({
  text: Array.from({ length: 62 }, (_, place) => words[(row * 7 + place * place) % words.length]).join(' '),
  label: row % 2,
}))
const { history } = await fineTune(new URL('../models/minilm-base', import.meta.url).pathname, examples, {
  labels: ['no', 'yes'],
  epochs: 1,
  batchSize,
  accumulate: texts / batchSize,
  dropout: 0,
})
const peak = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(`${texts} texts in batches of ${batchSize}: loss ${history[0]!.loss}, ${peak.toLocaleString('en')} MB at the most`)
process.exit(0)
