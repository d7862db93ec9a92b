/** Examples and the distinct ids of each. */
export interface ExampleIds {
  /** By example, where its ids begin in `ids`; one more for the end. */
  readonly begins: Int32Array
  /** Places among the batch's distinct ids. */
  readonly ids: Int32Array
}

/**
 * The distinct ids of each example.
 * @param positions of the batch's ids among its `count` distinct ones, of the given shape, whose `axis` counts the examples
 */
export function idsByExample(positions: Int32Array, shape: readonly number[], axis: number, count: number): ExampleIds {
  const examples = shape[axis]!
  const inner = shape.slice(axis + 1).reduce((product, side) => product * side, 1)
  const begins = new Int32Array(examples + 1)
  const ids = new Int32Array(positions.length)
  const seenBy = new Int32Array(count).fill(-1)
  let found = 0
  for (let example = 0; example < examples; example++) {
    begins[example] = found
    for (let begin = example * inner; begin < positions.length; begin += examples * inner) {
      for (let at = begin; at < begin + inner; at++) {
        const id = positions[at]!
        if (seenBy[id] === example) continue
        seenBy[id] = example
        ids[found++] = id
      }
    }
  }
  begins[examples] = found
  return { begins, ids }
}

/** How often all pairs of examples are looked through: of SST-2's batches in two parts a third time changes little. */
const passes = 2

/**
 * Shares examples out among equal parts so that those with ids in common are together: examples of two parts change places, those
 * that gain most first, as long as that makes fewer ids occur in both (as Kernighan and Lin's partition of a graph does, 1970).
 * @param count how many distinct ids there are
 * @returns the examples of each part, in order
 */
export function alikeTogether({ begins, ids }: ExampleIds, count: number, parts: number): Int32Array[] {
  const examples = begins.length - 1
  const size = examples / parts
  const partOf = Uint8Array.from({ length: examples }, (_, example) => Math.floor(example / size))
  // By part and id, in how many of the part's examples it is.
  const uses = new Int32Array(parts * count)
  for (let example = 0; example < examples; example++) {
    for (let at = begins[example]!; at < begins[example + 1]!; at++) uses[partOf[example]! * count + ids[at]!]!++
  }

  /** How many ids fewer there are in both parts together if the example moves. */
  const gain = (example: number, to: number): number => {
    const [own, other] = [partOf[example]! * count, to * count]
    let fewer = 0
    for (let at = begins[example]!; at < begins[example + 1]!; at++) {
      const id = ids[at]!
      if (uses[own + id] === 1) fewer += uses[other + id] === 0 ? 0 : 1
      else if (uses[other + id] === 0) fewer--
    }
    return fewer
  }
  const move = (example: number, to: number): void => {
    const [own, other] = [partOf[example]! * count, to * count]
    for (let at = begins[example]!; at < begins[example + 1]!; at++) {
      uses[own + ids[at]!]!--
      uses[other + ids[at]!]!++
    }
    partOf[example] = to
  }
  /** A part's examples, those first that gain most. */
  const byGain = (part: number, to: number): Int32Array => {
    const keys: number[] = []
    for (let example = 0; example < examples; example++) {
      if (partOf[example] === part) keys.push(-gain(example, to) * examples + example)
    }
    return Int32Array.from(keys)
      .sort()
      .map((key) => ((key % examples) + examples) % examples)
  }

  for (let pass = 0; pass < passes; pass++) {
    for (let one = 0; one < parts; one++) {
      for (let other = one + 1; other < parts; other++) {
        const [ours, theirs] = [byGain(one, other), byGain(other, one)]
        for (let at = 0; at < ours.length; at++) {
          // Another one each time: two of a kind gain nothing from each other.
          const [mine, its] = [ours[at]!, theirs[(at + pass) % theirs.length]!]
          const gained = gain(mine, other)
          move(mine, other)
          if (gained + gain(its, one) > 0) move(its, one)
          else move(mine, one)
        }
      }
    }
  }
  return Array.from({ length: parts }, (_, part) => {
    const own: number[] = []
    for (let example = 0; example < examples; example++) if (partOf[example] === part) own.push(example)
    return Int32Array.from(own)
  })
}
