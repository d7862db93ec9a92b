import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Sentence, Sentences } from './prepare.ts'

/** A side as it is measured: answers from ids, and from text. */
export interface Answering {
  readonly ids: (sentence: Int32Array) => unknown
  readonly text: (text: string) => unknown
  /** Answers all at once; from equally long sentences. */
  readonly batch: (sentences: readonly Int32Array[]) => unknown
  /** As it starts: no word met before. Absent where nothing is kept. */
  readonly fresh?: () => Promise<(sentence: Int32Array) => unknown>
}

/** All figures of one run: milliseconds, and sentences a second for `batch`. */
export async function measure(folder: string, { ids, text, batch, fresh }: Answering): Promise<Record<string, number>> {
  const { warm, dev }: Sentences = JSON.parse(await readFile(join(folder, 'sentences.json'), 'utf8'))
  const idsOf = (sentences: readonly Sentence[]) => sentences.map((sentence) => Int32Array.from(sentence.ids))
  const [warmIds, devIds, texts] = [idsOf(warm), idsOf(dev), dev.map((sentence) => sentence.text)]
  for (const sentence of warmIds) await ids(sentence)
  const fromIds = await times(devIds, ids)
  for (const sentence of warm.slice(0, 1000)) await text(sentence.text)
  const fromText = await times(texts, text)

  const twenty = Array.from({ length: 256 }, (_, i) => Int32Array.from({ length: 20 }, (_, at) => devIds[i]![at % devIds[i]!.length]!))
  await batch(twenty)
  const batches = await times([twenty, twenty, twenty, twenty, twenty], batch)

  const waited: number[] = []
  await Promise.all(
    [0, 1, 2, 3].map(async (caller) => {
      for (let at = caller; at < texts.length; at += 4) {
        const start = performance.now()
        await setImmediate()
        await text(texts[at]!)
        waited.push(performance.now() - start)
      }
    }),
  )
  const figures: Record<string, number> = {
    ids: quantile(fromIds, 0.5),
    text: quantile(fromText, 0.5),
    batch: 256_000 / quantile(batches, 0.5),
    concurrent: quantile(waited, 0.99),
    cold: quantile(fromIds, 0.5),
  }
  if (fresh) {
    const first: number[] = []
    for (const sentence of devIds.slice(0, 200)) {
      const answer = await fresh()
      first.push(...(await times([sentence], answer)))
    }
    figures.cold = quantile(first, 0.5)
  }
  return figures
}

/** Milliseconds of processor time, of all threads of this process: other work on the machine hardly changes them. */
export function processor(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Milliseconds of each answer. */
export async function times<T>(
  inputs: readonly T[],
  answer: (input: T) => unknown,
  now: () => number = () => performance.now(),
): Promise<number[]> {
  const out: number[] = []
  for (const input of inputs) {
    const start = now()
    const result = answer(input)
    // Awaiting what is there already would cost as much as some answers.
    if (result instanceof Promise) await result
    out.push(now() - start)
  }
  return out
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}
