import { setImmediate } from 'node:timers/promises'
import { type Dataset, type Example, KdError, type OnProgress, type Teacher, throwIfAborted } from '@kd/core'
import { openLogitStore } from '../store/lmdb-store.ts'
import { type LogitStore, noStore } from '../store/logit-store.ts'
import { checkTeacher } from './check-teacher.ts'
import { finiteLogits } from './finite-logits.ts'
import { inColumns, type LabelMap, labelColumns } from './label-map.ts'
import { planBatches } from './plan.ts'
import { readIncoming } from './read-incoming.ts'
import { TextArena } from './text-arena.ts'
import { IncomingExamples, type LabelledTransferSet, transferSet } from './transfer-set.ts'

export interface LabelOptions {
  /** A file that keeps the logits as they come, so that a run that was stopped goes on. Default: none. */
  store?: string | LogitStore
  /** Texts the teacher is given at once, all of one length. Default: 64. Another size may change a logit's last bit. */
  batchSize?: number
  /** Labelled examples that the teacher is checked on first. Default: those of the transfer set that have a label. */
  check?: Dataset
  /** The task's labels. Default: those of `check`, of the examples where they are a Dataset, or the teacher's. */
  labels?: readonly string[]
  /** The teacher's name of each of the task's labels, where names or order differ. */
  labelMap?: LabelMap
  /** Parts that are only to be reported on: an example whose text is one of theirs is dropped and counted. */
  exclude?: readonly Iterable<Example>[]
  signal?: AbortSignal
  /** Stages `read` (examples) and `label` (sentences: distinct texts; the first event says how many were stored already). */
  onProgress?: OnProgress
}

/**
 * Has a teacher label a transfer set. Logits go to the store batch by batch, so an interrupted run goes on where it
 * was; a label is the same, bit for bit, however often it was interrupted, and no text is labelled twice.
 * @throws KdError of kind `mismatch` where labels of task and teacher differ or one has pairs and the other single texts, `teacher` where it is near chance on the
 *   labelled examples or gives something else than finite logits, `data` for an example that is none, `format` or `io`
 *   for the store, `aborted` between two batches once the signal asks for it
 */
export async function labelTransferSet(
  examples: Iterable<Example> | AsyncIterable<Example>,
  teacher: Teacher,
  options: LabelOptions = {},
): Promise<LabelledTransferSet> {
  const { batchSize = 64, check, labelMap, exclude = [], signal, onProgress } = options
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new KdError({ kind: 'option', what: `${batchSize} is not a whole number above 0`, where: { option: 'batchSize' } })
  }
  checkShape(teacher)
  const labels = options.labels ?? check?.task.labels ?? taskLabels(examples) ?? teacher.labels
  const columns = labelColumns(labels, teacher.labels, labelMap)
  throwIfAborted(signal)
  const store = typeof options.store === 'string' ? openLogitStore(options.store, teacher) : (options.store ?? noStore)
  const texts = new TextArena()
  try {
    const checking = { labels, columns, batchSize, store, signal }
    if (check) await checkTeacher(check, teacher, checking)
    const began = performance.now()
    const incoming = new IncomingExamples(texts)
    const excluded = await readIncoming(examples, incoming, { teacher, classes: labels.length, exclude, signal, onProgress })
    const read = secondsSince(began)
    if (!check) await checkTeacher(incoming.labelled(), teacher, checking)
    const labelling = performance.now()
    const { logits, stored } = await labelTexts(incoming, teacher, { store, batchSize, signal, onProgress })
    return transferSet({
      labels,
      teacher: teacher.fingerprint ?? teacher.name,
      examples: incoming,
      textLogits: inColumns(logits, columns),
      stored,
      excluded,
      seconds: { read, label: secondsSince(labelling) },
    })
  } catch (error) {
    texts.close()
    throw error
  } finally {
    if (store !== options.store) await store.close()
  }
}

/** Look-ups in the store between two looks at the signal. */
const readsAtOnce = 8192

function checkShape(teacher: Teacher): void {
  const { name, labels, logits } = teacher ?? {}
  if (name && Array.isArray(labels) && labels.length > 0 && new Set(labels).size === labels.length && typeof logits === 'function') return
  throw new KdError({
    kind: 'option',
    what: 'a teacher has a name, different labels, and a function logits(examples)',
    where: { option: 'teacher' },
    fix: "Load one with BertTeacher.load, or give { name: 'mine@1', labels: ['no', 'yes'], logits: async (examples) => ... }.",
  })
}

/** The labels of a dataset that has some: a file without labels makes a task without any. */
function taskLabels(examples: object): readonly string[] | undefined {
  const labels = (examples as Partial<Dataset>).task?.labels
  return labels?.length ? labels : undefined
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000

interface LabelTextsOptions {
  store: LogitStore
  batchSize: number
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Logits of each text: from the store, else from the teacher. A batch that the store lacks a text of is run whole, unless the
 * teacher's answers to a text do not depend on the others.
 */
async function labelTexts(
  incoming: IncomingExamples,
  teacher: Teacher,
  { store, batchSize, signal, onProgress }: LabelTextsOptions,
): Promise<{ logits: Float32Array; stored: number }> {
  const { texts } = incoming
  const began = performance.now()
  const classes = teacher.labels.length
  const logits = new Float32Array(texts.length * classes)
  const row = (number: number) => logits.subarray(number * classes, (number + 1) * classes)
  const isMissing = new Uint8Array(texts.length)
  for (let number = 0; number < texts.length; number++) {
    isMissing[number] = store.read(texts.key(number), row(number)) ? 0 : 1
    if (number % readsAtOnce > 0) continue
    throwIfAborted(signal)
    await setImmediate()
  }
  const stored = isMissing.reduce((count, missing) => count - missing, texts.length)
  let done = stored
  const report = () =>
    onProgress?.({ stage: 'label', done, total: texts.length, unit: 'sentences', seconds: secondsSince(began), figures: { stored } })

  const numbers = teacher.independent ? Uint32Array.from(isMissing.keys()).filter((number) => isMissing[number]) : undefined
  const batches = done === texts.length ? [] : await planBatches(texts, teacher, batchSize, { numbers, signal })
  report()
  const ask = (batch: Uint32Array) => {
    const examples = Array.from(batch, (number) => texts.example(number))
    return finiteLogits(teacher, examples, (index) => incoming.firstWith(batch[index]!), signal)
  }
  const keep = (batch: Uint32Array, answer: Float32Array) => {
    const missing = batch.filter((number) => isMissing[number])
    const rows = new Float32Array(missing.length * classes)
    let kept = 0
    batch.forEach((number, index) => {
      if (!isMissing[number]) return
      const values = answer.subarray(index * classes, (index + 1) * classes)
      row(number).set(values)
      rows.set(values, kept++ * classes)
    })
    store.write(
      Array.from(missing, (number) => texts.key(number)),
      rows,
    )
    done += missing.length
    report()
  }
  const open = batches.filter((batch) => batch.some((number) => isMissing[number])).values()
  const asked: { batch: Uint32Array; answer: Promise<Float32Array> }[] = []
  const askNext = () => {
    const { value: batch } = open.next()
    if (!batch) return
    throwIfAborted(signal)
    const answer = ask(batch)
    // It is awaited later: until then its failure is nobody's.
    answer.catch(() => {})
    asked.push({ batch, answer })
  }
  try {
    for (let call = 0; call < (teacher.atOnce ?? 1); call++) askNext()
    for (let first = asked.shift(); first; first = asked.shift()) {
      keep(first.batch, await first.answer)
      // A teacher that never leaves the microtask queue would keep Ctrl-C waiting.
      await setImmediate()
      askNext()
    }
  } finally {
    await Promise.allSettled(asked.map(({ answer }) => answer))
  }
  return { logits, stored }
}
