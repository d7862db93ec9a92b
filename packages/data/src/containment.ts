/**
 * For each text, which texts hold it: the indices of those that contain it as a run of whole words and are themselves
 * in no longer one, in order; for a text that no longer one contains, the first of the texts with its words.
 */
export function holdersOf(texts: readonly string[]): readonly (readonly number[])[] {
  const words = new WordTree()
  const paths = texts.map((text) => words.path(text))
  const nodes = paths.map((path, index) => words.add(path, index))
  const holders: number[][] = texts.map(() => [])
  const longestFirst = texts.map((_, index) => index).sort((a, b) => paths[b]!.length - paths[a]!.length || a - b)
  for (const index of longestFirst) {
    const first = words.textAt(nodes[index]!)!
    if (holders[first]!.length > 0) continue
    holders[first]!.push(first)
    for (let start = 0; start < paths[index]!.length; start++) {
      for (const held of words.along(paths[index]!, start)) {
        if (holders[held]!.at(-1) !== first) holders[held]!.push(first)
      }
    }
  }
  for (const list of holders) list.sort((a, b) => a - b)
  return nodes.map((node) => holders[words.textAt(node)!]!)
}

/** Texts as paths of words from one root; a node is a number. */
class WordTree {
  readonly #ids = new Map<string, number>()
  /** Child of (node, word): the key is node * 2^24 + word. */
  readonly #children = new Map<number, number>()
  readonly #texts: (number | undefined)[] = [undefined]

  path(text: string): number[] {
    return text.split(/\s+/).flatMap((word) => {
      if (word === '') return []
      const id = this.#ids.get(word) ?? this.#ids.size
      this.#ids.set(word, id)
      return [id]
    })
  }

  /** The node at the path's end, which belongs to the first text with this path. */
  add(path: readonly number[], text: number): number {
    let node = 0
    for (const word of path) {
      const key = node * 2 ** 24 + word
      let child = this.#children.get(key)
      if (child === undefined) {
        child = this.#texts.push(undefined) - 1
        this.#children.set(key, child)
      }
      node = child
    }
    this.#texts[node] ??= text
    return node
  }

  textAt(node: number): number | undefined {
    return this.#texts[node]
  }

  /** The texts that stand in a path from `start` on. */
  *along(path: readonly number[], start: number): Generator<number> {
    let node: number | undefined = 0
    for (let place = start; place < path.length; place++) {
      node = this.#children.get(node * 2 ** 24 + path[place]!)
      if (node === undefined) return
      const text = this.#texts[node]
      if (text !== undefined) yield text
    }
  }
}
