import { Random } from '@kd/core'
import { distractions, endings, openings, queues } from './phrases.ts'

export interface Ticket {
  readonly ticket: number
  readonly body: string
  /** Empty where nobody sorted it. */
  readonly queue: string
}

export interface TicketOptions {
  readonly rows: number
  /** Rows that have a queue. */
  readonly labelled: number
  readonly seed: number
  /** Share of the queues that are wrong. Default: 0.03. */
  readonly mistakes?: number
}

type Queue = keyof typeof queues
const shares: readonly (readonly [Queue, number])[] = [
  ['technical', 0.45],
  ['billing', 0.3],
  ['delivery', 0.18],
  ['account', 0.07],
]

/** Support tickets by seed: four queues of very different sizes, distractions, typos, some put into the wrong queue. */
export function tickets({ rows, labelled, seed, mistakes = 0.03 }: TicketOptions): Ticket[] {
  const sorted = new Set(
    new Random(seed, 'sorted')
      .at(0)
      .shuffle(Int32Array.from({ length: rows }, (_, row) => row))
      .subarray(0, labelled),
  )
  return Array.from({ length: rows }, (_, row) => {
    const random = new Random(seed, 'ticket').at(row)
    const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)]!
    const queue = queueAt(random.uniform())
    const { things, troubles } = pick<{ things: readonly string[]; troubles: readonly string[] }>(queues[queue])
    const distraction = random.uniform() < 0.4 ? pick(distractions) : ''
    const words = [pick(openings), distraction, pick(things), pick(troubles)].filter(Boolean).join(' ')
    const ending = pick(endings)
    const body = withTypos(`${words}${random.uniform() < 0.5 ? '.' : ''} ${ending}`.trim(), random)
    const wrong = random.uniform() < mistakes ? pick(shares)[0] : queue
    return { ticket: 10_000 + row, body, queue: sorted.has(row) ? wrong : '' }
  })
}

function queueAt(place: number): Queue {
  let sum = 0
  for (const [queue, share] of shares) if (place < (sum += share)) return queue
  return shares[0]![0]
}

/** One word in twelve has two letters swapped or one missing; one ticket in four has no capitals. */
function withTypos(text: string, random: Random): string {
  const typed = text.split(' ').map((word) => {
    if (word.length < 4 || random.uniform() >= 1 / 12) return word
    const at = 1 + random.integer(word.length - 2)
    const [before, one, two, after] = [word.slice(0, at), word[at]!, word[at + 1]!, word.slice(at + 2)]
    return random.uniform() < 0.5 ? before + two + one + after : before + two + after
  })
  return random.uniform() < 0.25 ? typed.join(' ').toLowerCase() : typed.join(' ')
}
