import type { Example } from '@kd/core'
import { sharedTexts } from '@kd/data'

/** What the parts of a data set have in common, for the user: a line for each two that share texts. */
export function sharedNotes(parts: Readonly<Record<string, Iterable<Example>>>): string[] {
  return sharedTexts(parts).map(({ parts: [first, second], sharing, equal }) => {
    const count = (value: number) => value.toLocaleString('en')
    return `${count(sharing)} examples of ${second} have a text that stands in ${first} too, ${count(equal)} of them are there as a whole.`
  })
}
