import type { HistoryEntry } from '@kd/core/node'
import type { Settings } from './options.ts'

export interface TrainingFacts {
  readonly base: string
  readonly examples: number
  readonly settings: Settings
  readonly history: readonly HistoryEntry[]
  readonly bestEpoch: number
  readonly epochSteps: number
}

/** What a card says about a fine-tuning: what was trained on what, how, and how good it got. */
export function trainingSection({ base, examples, settings, history, bestEpoch, epochSteps }: TrainingFacts): string {
  const { learningRate, warmup, weightDecay, updateSize, clipNorm, epochs, seed, layerDecay, frozenDepth, metric } = settings
  const how = [
    `AdamW, learning rate ${learningRate}, weight decay ${weightDecay}`,
    `updates of ${updateSize} examples`,
    `linear warm-up of ${100 * warmup} % of ${epochs} epochs`,
    `clipping at ${clipNorm}`,
    ...(layerDecay < 1 ? [`layer-wise decay ${layerDecay}`] : []),
    ...(frozenDepth < 0 ? [] : [`frozen: the embeddings${frozenDepth > 0 ? ` and ${frozenDepth} layers` : ''}`]),
    `seed ${seed}`,
  ]
  const rows = history.map(({ step, loss, validation }) => {
    const epoch = step / epochSteps
    return `| ${epoch}${epoch === bestEpoch ? ' (kept)' : ''} | ${loss.toFixed(4)} | ${validation === undefined ? '' : validation.toFixed(4)} |`
  })
  return `From \`${base}\` on ${examples.toLocaleString('en')} labelled examples by @kd/teacher-bert: ${how.join(', ')}.

| epoch | mean loss | validation ${metric} |
| --- | --- | --- |
${rows.join('\n')}`
}
