import { KdError } from '@kd/core'
import type { TaggedWords, Tagger } from './tagger.ts'

/**
 * The English default: wink-nlp's tokens and universal part-of-speech tags. Loads wink-nlp and its model when called.
 * @throws KdError of kind `missing` where they are not installed
 */
export async function winkTagger(): Promise<Tagger> {
  const { nlp, its } = await load()
  return (text) => {
    const tokens = nlp.readDoc(text).tokens()
    return wholeGraphemes(text, { words: tokens.out(its.value) as string[], tags: tokens.out(its.pos) as string[] })
  }
}

async function load() {
  try {
    const [{ default: wink }, { default: model }] = await Promise.all([import('wink-nlp'), import('wink-eng-lite-web-model')])
    const nlp = wink(model, ['pos'])
    return { nlp, its: nlp.its }
  } catch (cause) {
    throw new KdError({
      kind: 'missing',
      what: "the English tagger can't be loaded",
      where: { option: 'tagger' },
      fix: 'Run: npm install wink-nlp wink-eng-lite-web-model. Or give a tagger of your own.',
      cause,
    })
  }
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Joins what stands in one grapheme (a family emoji, a letter and its accent), and leaves out tokens of white space. */
function wholeGraphemes(text: string, { words, tags }: TaggedWords): TaggedWords {
  const plain = !/[\u0300-\uffff]/.test(text)
  if (plain && !words.some(isSpace)) return { words, tags }
  const boundaries = plain ? undefined : new Set(Array.from(segmenter.segment(text), ({ index }) => index))
  const joined: { words: string[]; tags: string[] } = { words: [], tags: [] }
  let end = 0
  words.forEach((word, i) => {
    const start = text.indexOf(word, end)
    const inside = start === end && boundaries?.has(start) === false && joined.words.length > 0
    end = start + word.length
    if (inside) joined.words[joined.words.length - 1] += word
    else if (!isSpace(word)) {
      joined.words.push(word)
      joined.tags.push(tags[i]!)
    }
  })
  return joined
}

const isSpace = (word: string): boolean => word.trim() === ''
