import type { Row } from './row.ts'

/** What one run of one side gives: its figure, and the version of what ran. */
export interface Run {
  value: number
  version?: string
}

interface Sides {
  ours: () => Promise<Run>
  /** Absent where there is no peer; gives undefined where it can't be run. */
  theirs?: { name: string; run: () => Promise<Run | undefined> }
  runs: number
  /** Which figure is the better one. Default: the higher. */
  better?: 'higher' | 'lower'
}

/** Runs both sides in turn, A B A B, and makes a row of the medians. */
export async function compare(id: string, what: string, unit: string, { ours, theirs, runs, better = 'higher' }: Sides): Promise<Row> {
  const our: number[] = []
  const their: number[] = []
  let version = ''
  for (let run = 0; run < runs; run++) {
    our.push((await ours()).value)
    const peer = await theirs?.run()
    if (!peer) continue
    their.push(peer.value)
    version = peer.version ?? version
  }
  const [a, b] = [median(our), their.length > 0 ? median(their) : null]
  const ratio = b === null ? null : better === 'higher' ? a / b : b / a
  return {
    id,
    what,
    unit,
    ours: rounded(a),
    peer: theirs ? { name: theirs.name, version } : null,
    theirs: b && rounded(b),
    ratio: ratio && rounded(ratio),
    runs,
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const rounded = (value: number): number => Number(value.toPrecision(4))
