import type { Example } from '@kd/core'

/**
 * For each example, the number of its connected component, from 0 in order of appearance: examples hang together where
 * they share a text, on either side of a pair, directly or by others between them. An empty text joins nothing.
 */
export function componentsOf(examples: readonly Example[]): Uint32Array {
  const ids = new Map<string, number>()
  /** Of each text, one that it hangs together with; a component's first text points to itself. */
  const parents: number[] = []
  const rootOf = (text: number): number => {
    while (parents[text] !== text) {
      parents[text] = parents[parents[text]!]!
      text = parents[text]!
    }
    return text
  }
  const fresh = (): number => parents.push(parents.length) - 1
  const idOf = (text: string): number => {
    if (text.trim() === '') return fresh()
    const id = ids.get(text) ?? fresh()
    ids.set(text, id)
    return id
  }
  const texts = examples.map(({ text, pair }) => {
    const [first, second] = [idOf(text), pair === undefined ? undefined : idOf(pair)]
    if (second !== undefined) parents[rootOf(second)] = rootOf(first)
    return first
  })
  const numbers = new Map<number, number>()
  return Uint32Array.from(texts, (text) => {
    const root = rootOf(text)
    const number = numbers.get(root) ?? numbers.size
    numbers.set(root, number)
    return number
  })
}
