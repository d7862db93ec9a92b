import type { Dataset, Random } from '@kd/core'
import { componentsOf } from './components.ts'

export interface ComponentParts {
  /** The part of each example: an index into the shares, or their number where it is in none of them. */
  readonly part: Uint8Array
  /** How many components there are, and examples in the largest. */
  readonly components: number
  readonly largest: number
}

/** A component's examples, and how many of them each stratum has. */
interface Component {
  readonly examples: number[]
  readonly counts: Map<number, number>
}

/**
 * Draws whole components into parts. Components have several labels and very different sizes, and the large ones other
 * labels than the small, so every label's share of a part is filled by itself: in a random order each component is taken
 * that fits into what all of its labels still lack; then those that bring the part closer to its shares.
 */
export function assignComponents(data: Dataset, shares: readonly number[], random: Random): ComponentParts {
  const components = collect(data)
  const part = new Uint8Array(data.length).fill(shares.length)
  let left = random.at(0).shuffle([...components])
  shares.forEach((share, index) => {
    const lacking = targets(components, share)
    const lack = (stratum: number): number => lacking.get(stratum) ?? 0
    const fits = ([stratum, count]: [number, number]) => count <= lack(stratum)
    const isCloser = (counts: [number, number][]) => counts.reduce((sum, [stratum, n]) => sum + n * (n - 2 * lack(stratum)), 0) <= 0
    for (const takes of [(counts: [number, number][]) => counts.every(fits), isCloser]) {
      left = left.filter(({ examples, counts }) => {
        if (!takes([...counts])) return true
        for (const example of examples) part[example] = index
        for (const [stratum, count] of counts) lacking.set(stratum, lack(stratum) - count)
        return false
      })
    }
  })
  return { part, components: components.length, largest: components.reduce((most, { examples }) => Math.max(most, examples.length), 0) }
}

function collect({ examples, task }: Dataset): Component[] {
  const components: Component[] = []
  componentsOf(examples).forEach((number, index) => {
    components[number] ??= { examples: [], counts: new Map() }
    const { examples: members, counts } = components[number]
    const label = examples[index]!.label ?? -1
    // Scores are strata in whole numbers.
    const stratum = task.labels.length === 1 ? Math.round(label) : label
    members.push(index)
    counts.set(stratum, (counts.get(stratum) ?? 0) + 1)
  })
  return components
}

/** How many examples of each stratum make up the share: what rounding takes from one stratum it gives to the next. */
function targets(components: readonly Component[], share: number): Map<number, number> {
  const sizes = new Map<number, number>()
  for (const { counts } of components) for (const [stratum, count] of counts) sizes.set(stratum, (sizes.get(stratum) ?? 0) + count)
  let [sum, given] = [0, 0]
  return new Map(
    [...sizes]
      .sort(([a], [b]) => a - b)
      .map(([stratum, size]) => {
        sum += size
        const target = Math.round(sum * share) - given
        given += target
        return [stratum, target]
      }),
  )
}
