import { type Example, Random } from '@kd/core'
import { kinds } from './templates.ts'
import { type Activity, activities } from './topics.ts'

export type Part = 'train' | 'validation' | 'test'

/** What is asked: questions of one meaning are duplicates, however they are worded. */
interface Meaning {
  readonly kind: (typeof kinds)[number]
  readonly activity: Activity
  readonly object: string
}

/** Share of duplicates; 37 % in QQP's train part. */
const duplicates = 0.4

/**
 * Pairs of generated questions, each pair once: of one meaning in two wordings (label 1), or with a near miss (label 0) that
 * asks the same of another object, something else about the same, or of another activity with the same object. The
 * label follows from the rule alone. Parts have no template in common.
 */
export function questionPairs(part: Part, count: number, seed: number): Example[] {
  const random = new Random(seed, `questions ${part}`)
  const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)]!
  const meaning = (): Meaning => {
    const activity = pick(activities)
    return { kind: pick(kinds), activity, object: pick(activity.objects) }
  }
  const worded = ({ kind, activity, object }: Meaning): string => {
    const [base, ing] = pick(activity.verbs).split('/')
    return pick(kind[part]).replace('{doing}', `${ing} ${object}`).replace('{do}', `${base} ${object}`)
  }
  const nearMisses: readonly ((of: Meaning) => Meaning)[] = [
    (of) => ({ ...of, object: pick(of.activity.objects) }),
    (of) => ({ ...of, kind: pick(kinds) }),
    (of) => ({ ...of, activity: pick(activities.filter(({ objects }) => objects.includes(of.object))) }),
    meaning,
  ]

  const pairs = new Map<string, Example>()
  while (pairs.size < count) {
    const first = meaning()
    const same = random.uniform() < duplicates
    const second = same ? first : pick(nearMisses)(first)
    const [text, pair] = [worded(first), worded(second)]
    const isSame = second.kind === first.kind && second.activity === first.activity && second.object === first.object
    // A near miss may have hit: such pairs, and equal texts, are drawn again.
    if (isSame !== same || text === pair) continue
    pairs.set([text, pair].sort().join('\n'), { text, pair, label: same ? 1 : 0 })
  }
  return [...pairs.values()]
}
