import { type Example, KdError, throwIfAborted } from '@kd/core'
import { type BatchLimits, batchesOfOneLength } from './batches.ts'
import type { Forward } from './forward/forward-pass.ts'
import type { BertTokenizer } from './tokenizer/tokenizer.ts'

/** Batches handed to the engine for each that it computes at a time: the next is there when one is done. */
const inFlight = 2

/** From so many on, a model of its own for each processor is worth its memory. */
const much = { texts: 64, tokens: 512 }

export interface Answering {
  /** Of the teacher, for errors. */
  readonly name: string
  readonly tokenizer: BertTokenizer
  readonly forward: Forward
  readonly classes: number
  /** In tokens, special ones included. */
  readonly maxLength: number
  /** Computed together at most. */
  readonly limits: BatchLimits
}

/**
 * Logits `[examples.length, classes]`, row-major. Texts of one token length are computed together, without padding.
 * @throws KdError of kind `teacher` if a logit is not finite, `aborted`, `engine`
 */
export async function answersTo(
  examples: readonly Example[],
  { name, tokenizer, forward, classes, maxLength, limits }: Answering,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  throwIfAborted(signal)
  const encodings = examples.map((example) => tokenizer.encode(example, maxLength))
  const logits = new Float32Array(examples.length * classes)
  const running: Promise<void>[] = []
  try {
    const tokens = encodings.reduce((sum, { ids }) => sum + ids.length, 0)
    const { run, atOnce } = ((examples.length >= much.texts || tokens >= much.tokens) && (await forward.sideBySide?.())) || {
      run: forward.run,
      atOnce: 1,
    }
    const texts = Math.min(limits.texts, Math.ceil(encodings.length / atOnce))
    for (const { places, ids, types, length } of batchesOfOneLength(encodings, { ...limits, texts })) {
      throwIfAborted(signal)
      running.push(
        run(ids, types, [places.length, length]).then((rows) => {
          places.forEach((place, row) => {
            logits.set(rows.subarray(row * classes, (row + 1) * classes), place * classes)
          })
        }),
      )
      if (running.length >= inFlight * atOnce) await running.shift()
    }
    await Promise.all(running)
  } finally {
    await Promise.allSettled(running)
  }
  const bad = logits.findIndex((value) => !Number.isFinite(value))
  if (bad < 0) return logits
  const text = examples[Math.floor(bad / classes)]!.text.slice(0, 60)
  throw new KdError({
    kind: 'teacher',
    what: `${name} answers ${logits[bad]} to ${JSON.stringify(text)}`,
    fix: 'The weights overflow: load it with { arithmetic: "float32" }, or use another checkpoint.',
  })
}

/** @throws KdError of kind `option` */
export function wholeNumber(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${least} to ${most}`, where: { option } })
}
