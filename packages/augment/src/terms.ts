/** Scripts that put no spaces between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const word = /[\p{L}\p{N}\p{M}]+/gu

/** A text's different words in lower case, by which texts are compared; of scripts without spaces each two characters in a row. */
export function termsOf(text: string): Set<string> {
  const terms = new Set<string>()
  for (const [found] of text.toLowerCase().matchAll(word)) {
    if (!unspaced.test(found)) {
      terms.add(found)
      continue
    }
    const characters = [...found]
    if (characters.length === 1) terms.add(found)
    for (let i = 1; i < characters.length; i++) terms.add(characters[i - 1]! + characters[i]!)
  }
  return terms
}
