/** A text's words in their order, and a part-of-speech tag for each. */
export interface TaggedWords {
  /** Found in the text one after the other; what lies between them is spacing, and comes back as it was. */
  readonly words: readonly string[]
  /** As many as words, of any tag set: a word is replaced by one that occurs under the same tag. */
  readonly tags: readonly string[]
}

/** Splits a text into words and tags them: wink-nlp's for English, or your own for any language. */
export type Tagger = (text: string) => TaggedWords | Promise<TaggedWords>

/** The simplest tagger, for any language written with spaces: every word has the same tag, so any word may replace any. */
export const wordsBetweenSpaces: Tagger = (text) => {
  const words = text.match(/\S+/g) ?? []
  return { words, tags: words.map(() => 'word') }
}
