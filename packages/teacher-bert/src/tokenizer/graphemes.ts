const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Characters segmented at once: `Intl.Segmenter` takes time with the square of a text's length. */
const window = 500

const isPlain = (code: number): boolean => code >= 0x20 && code < 0x7f

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00

/** A text's grapheme clusters, in time with its length. */
export function* graphemes(text: string): Generator<string> {
  let at = 0
  let size = window
  while (at < text.length) {
    // Between two of ASCII's visible characters there always is a boundary.
    if (isPlain(text.charCodeAt(at)) && (at + 1 === text.length || isPlain(text.charCodeAt(at + 1)))) {
      yield text[at++]!
      continue
    }
    const end = at + size
    // Never between the halves of a surrogate pair.
    const seen = text.slice(at, isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end)
    const clusters = [...segmenter.segment(seen)].map(({ segment }) => segment)
    if (at + seen.length < text.length) {
      // The last one may go on behind the window; if it is all there is, a larger window is needed.
      if (clusters.length === 1) {
        size *= 2
        continue
      }
      clusters.pop()
    }
    for (const cluster of clusters) {
      yield cluster
      at += cluster.length
    }
    size = window
  }
}
