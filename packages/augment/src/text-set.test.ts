import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodeUnits } from './code-units.ts'
import { hashPair, hashText } from './text-hash.ts'
import { TextSet } from './text-set.ts'

describe('TextSet', () => {
  it.each([false, true])('knows what was added, and how, as a Map does; pairs in any order: %s', (anyOrder) => {
    const text = fc.string({ unit: 'binary', maxLength: 2 })
    const example = fc.record({ text, pair: text }, { requiredKeys: ['text'] })
    fc.assert(
      fc.property(fc.array(fc.tuple(example, fc.constantFrom('original', 'excluded', 'synthetic'))), (added) => {
        const set = new TextSet(anyOrder)
        const map = new Map<string, string>()
        for (const [{ text, pair }, origin] of added) {
          const key = JSON.stringify(pair === undefined ? text : anyOrder ? [text, pair].sort() : [text, pair])
          expect(set.add({ text, pair }, origin)).toBe(map.get(key))
          if (!map.has(key)) map.set(key, origin)
        }
        expect(set.size).toBe(map.size)
      }),
    )
  })

  it.each([false, true])('a text or pair is the same as strings and by its hashes; in any order: %s', (anyOrder) => {
    const set = new TextSet(anyOrder)
    const units = new CodeUnits('before')
    units.appendText('the text 🙂\ud800')
    const hashes = new Uint32Array(8)
    hashText(hashes, 0, units.codes, 0, 6)
    hashText(hashes, 2, units.codes, 6, units.length)
    hashes.copyWithin(4, 0, 2)
    hashPair(hashes, 4, hashes, 2, anyOrder)
    expect([...set.addEach(hashes, 3, 'original')].slice(0, 3)).toEqual([0, 0, 0])
    expect(set.add({ text: 'the text 🙂\ud800' }, 'synthetic')).toBe('original')
    expect(set.add({ text: 'before', pair: 'the text 🙂\ud800' }, 'synthetic')).toBe('original')
    expect(set.add({ text: 'the text 🙂\ud800', pair: 'before' }, 'synthetic')).toBe(anyOrder ? 'original' : undefined)
  })

  // Texts that differ in little: a collision among 300,000 has a chance of 1 in 10^8.
  const alike: [string, (i: number) => string, ((i: number) => string)?][] = [
    ['numbers', (i: number) => String(i)],
    ['one word in a long text', (i: number) => `the same words before ${i.toString(36)} and the same words after`],
    ['two characters', (i: number) => String.fromCharCode(i & 1023, i >>> 10)],
    ['zeros and ones', (i: number) => i.toString(2).padStart(40, '0')],
    ['zero code units', (i: number) => '\u0000'.repeat(i & 255) + String.fromCharCode(1 + (i >>> 8))],
    ['a pair', (i: number) => String(i % 550), (i: number) => String(Math.floor(i / 550))],
    ['a pair with one text the same', () => 'the same', String],
    ['a pair of like texts', (i: number) => `number ${i}`, (i: number) => `number ${i + 1}`],
  ]
  it.each(alike)('keeps alike texts apart: %s', (_, text, pair) => {
    const set = new TextSet()
    let found = 0
    for (let i = 0; i < 300_000; i++) if (set.add({ text: text(i), pair: pair?.(i) }, 'synthetic')) found++
    expect(found).toBe(0)
  })
})
