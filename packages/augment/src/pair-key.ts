import { type Example, textKey } from '@kd/core'
import { CodeUnits } from './code-units.ts'

/** Between the texts of a pair, as core's `textKey` has it. */
export const separator = new CodeUnits(textKey({ text: '', pair: '' }))

/** What duplicates are known by: core's `textKey`, in any order that of the pair whose first text is the lesser. */
export function pairKey(example: Example, anyOrder: boolean): string {
  const { text, pair } = example
  return anyOrder && pair !== undefined && pair < text ? textKey({ text: pair, pair: text }) : textKey(example)
}

/**
 * Adds the key of a pair in any order to `keys`, equal to what `pairKey` gives for it.
 * @param begin where the first text begins in `block`; it ends at `textEnd`, the second one after the separator, at `end`
 */
export function appendPairKey(keys: CodeUnits, block: CodeUnits, begin: number, textEnd: number, end: number): void {
  const { codes } = block
  const pairBegin = textEnd + separator.length
  const length = Math.min(textEnd - begin, end - pairBegin)
  let same = 0
  while (same < length && codes[begin + same] === codes[pairBegin + same]) same++
  const isLesser = same < length ? codes[pairBegin + same]! < codes[begin + same]! : end - pairBegin < textEnd - begin
  if (isLesser) {
    keys.append(codes, pairBegin, end)
    keys.append(separator.codes, 0, separator.length)
    keys.append(codes, begin, textEnd)
  } else keys.append(codes, begin, end)
}
