import { type Example, KdError, type Teacher } from '@kd/core'

/** Whatever gives logits: a teacher, a student. */
export type LogitsSource = Pick<Teacher, 'labels' | 'logits'> & { readonly name?: string }

/** A teacher, a student, or anything else that names its labels and gives logits. */
export type Model = LogitsSource & Pick<Teacher, 'lengths' | 'pairs'>

/**
 * A batch's logits, row-major `[examples.length, labels.length]`, checked.
 * @param position where in the caller's data the batch's example lies, for the message
 * @throws KdError of kind `teacher` where the source fails, gives too few or too many numbers, or one that is not finite
 */
export async function finiteLogits(
  source: LogitsSource,
  examples: readonly Example[],
  position: (index: number) => number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const who = source.name ?? 'the model'
  const classes = source.labels.length
  let logits: Float32Array
  try {
    logits = await source.logits(examples, { signal })
  } catch (cause) {
    if (KdError.isInstance(cause)) throw cause
    if (signal?.aborted) throw new KdError({ kind: 'aborted', what: 'stopped on request', cause })
    throw new KdError({
      kind: 'teacher',
      what: `${who} failed on ${examples.length} texts: ${(cause as Error)?.message ?? cause}`,
      fix: 'Mend its `logits` function; what was labelled before is kept.',
      cause,
    })
  }
  if (logits?.length !== examples.length * classes) {
    throw new KdError({
      kind: 'teacher',
      what: `${who} gave ${logits?.length ?? 'no'} logits for ${examples.length} texts of ${classes} labels, ${examples.length * classes} expected`,
      fix: 'Its `logits` must return one Float32Array, row-major [texts, labels].',
    })
  }
  for (let index = 0; index < logits.length; index++) {
    if (Number.isFinite(logits[index])) continue
    const row = Math.floor(index / classes)
    throw new KdError({
      kind: 'teacher',
      what: `${who} gave the logit ${logits[index]} for text ${position(row)}, ${excerpt(examples[row]!.text)}`,
      fix: 'Take the text out, or mend the teacher: its weights may be damaged.',
    })
  }
  return logits
}

const excerpt = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
