import { type Example, KdError, type Teacher } from '@kd/core'
import { pearson } from '@kd/losses/metrics'
import type { LogitStore } from '../store/logit-store.ts'
import { hash128 } from '../store/text-hash.ts'
import { checkReads } from './check-reads.ts'
import { finiteLogits } from './finite-logits.ts'
import { inColumns } from './label-map.ts'
import { planBatches } from './plan.ts'
import { TextArena } from './text-arena.ts'

const mostExamples = 500
const fewestExamples = 10
/** Of the way from chance to perfect: what a teacher must have to be worth learning from. */
const leastSkill = 0.1

/** How a teacher does on labelled examples. */
export interface TeacherCheck {
  examples: number
  /** Mean over the classes of the share found; chance is 1 / classes whatever the classes' sizes. Of a score: the correlation. */
  skill: number
}

export interface CheckOptions {
  labels: readonly string[]
  columns: readonly number[]
  batchSize: number
  store: LogitStore
  signal?: AbortSignal
}

/**
 * Asks the teacher for up to 500 labelled examples, always the same ones of the same data. The result is noted in the
 * store, so that a run that goes on does not ask again. Undefined where fewer than 10 are labelled.
 * @throws KdError of kind `teacher` where it is near chance or below, `mismatch` where it reads pairs and the examples are
 * single texts, or the other way round
 */
export async function checkTeacher(
  labelled: Iterable<Example>,
  teacher: Teacher,
  { labels, columns, batchSize, store, signal }: CheckOptions,
): Promise<TeacherCheck | undefined> {
  const sample = sampleOf(labelled)
  if (sample.length < fewestExamples) return undefined
  const texts = new TextArena()
  const golds = new Map<number, number>()
  for (const [position, { example }] of sample.entries()) {
    checkReads(teacher, example, position)
    golds.set(texts.add(example), example.label!)
  }
  const name = hash128(JSON.stringify([labels, columns, batchSize, ...sample.map(({ key, example }) => [key, example.label])]))
  const noted = store.note(`check:${name.toString('hex')}`)
  if (noted) return JSON.parse(noted) as TeacherCheck

  const scores = { teacher: [] as number[], gold: [] as number[] }
  const found = new Float64Array(labels.length)
  const present = new Float64Array(labels.length)
  try {
    for (const batch of await planBatches(texts, teacher, batchSize, { signal })) {
      const examples = Array.from(batch, (number) => texts.example(number))
      const logits = inColumns(await finiteLogits(teacher, examples, (row) => batch[row]!, signal), columns)
      batch.forEach((number, row) => {
        const gold = golds.get(number)!
        const answer = logits.subarray(row * labels.length, (row + 1) * labels.length)
        if (labels.length === 1) {
          scores.teacher.push(answer[0]!)
          scores.gold.push(gold)
          return
        }
        present[gold]!++
        if (answer.indexOf(Math.max(...answer)) === gold) found[gold]!++
      })
    }
  } finally {
    texts.close()
  }
  const result = labels.length === 1 ? correlation(scores) : summary(found, present)
  const chance = chanceOf(labels)
  if (result.skill <= chance + leastSkill * (1 - chance)) throw nearChance(teacher, labels, result)
  store.setNote(`check:${name.toString('hex')}`, JSON.stringify(result))
  return result
}

/** Those of the labelled examples whose texts have the smallest hashes: a sample that follows from the data alone. */
function sampleOf(examples: Iterable<Example>): { key: string; example: Example }[] {
  const sample = new Map<string, Example>()
  for (const example of examples) {
    if (example.label === undefined) continue
    const key = hash128(JSON.stringify([example.text, example.pair])).toString('hex')
    if (!sample.has(key)) sample.set(key, example)
  }
  return [...sample]
    .map(([key, example]) => ({ key, example }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, mostExamples)
}

/** What guessing has: a score's guesses correlate with nothing. */
const chanceOf = ({ length }: readonly string[]) => (length === 1 ? 0 : 1 / length)

function correlation({ teacher, gold }: { teacher: readonly number[]; gold: readonly number[] }): TeacherCheck {
  // Scores that are all the same correlate with nothing.
  return { examples: gold.length, skill: pearson(teacher, gold) || 0 }
}

function summary(found: Float64Array, present: Float64Array): TeacherCheck {
  const sum = (numbers: ArrayLike<number>) => Array.from(numbers).reduce((total, number) => total + number, 0)
  const classes = Array.from(present.keys()).filter((label) => present[label]! > 0)
  return {
    examples: sum(present),
    skill: sum(classes.map((label) => found[label]! / present[label]!)) / classes.length,
  }
}

function nearChance(teacher: Teacher, labels: readonly string[], { examples, skill }: TeacherCheck): KdError {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const chance = chanceOf(labels)
  const below = skill < chance - leastSkill * (1 - chance)
  const where = `teacher ${teacher.name} is ${below ? 'below' : 'near'} chance`
  if (labels.length === 1) {
    return new KdError({
      kind: 'teacher',
      what: `${where}: its scores and those of ${examples} labelled examples correlate by ${skill.toFixed(2)}`,
      fix: below ? 'Its scores seem to run the other way: check what a high one says.' : 'Check that it was trained for this task.',
    })
  }
  return new KdError({
    kind: 'teacher',
    what: `${where}: it finds ${percent(skill)} of ${examples} labelled examples (mean over the labels), and guessing finds ${percent(chance)}`,
    fix: below
      ? `Its labels seem to be swapped: check their order (${labels.join(', ')}) and say which is which by labelMap.`
      : 'Check that the teacher was trained for this task, of single texts or of pairs, and that the labels are right (labels swapped? labelMap), or fine-tune a teacher.',
  })
}
