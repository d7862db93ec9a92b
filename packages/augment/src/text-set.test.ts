import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodeUnits } from './code-units.ts'
import { TextSet } from './text-set.ts'

describe('TextSet', () => {
  it('knows what was added, and how, as a Map does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 4 }), fc.constantFrom('original', 'excluded', 'synthetic'))),
        (added) => {
          const set = new TextSet()
          const map = new Map<string, string>()
          for (const [text, origin] of added) {
            expect(set.add(text, origin)).toBe(map.get(text))
            if (!map.has(text)) map.set(text, origin)
          }
          expect(set.size).toBe(map.size)
        },
      ),
    )
  })

  it('a text is the same as a string and as code units', () => {
    const set = new TextSet()
    const units = new CodeUnits('before')
    units.appendText('the text 🙂\ud800')
    expect([...set.addEach(units, [6, units.length], 2, 'original')].slice(0, 2)).toEqual([0, 0])
    expect(set.add('the text 🙂\ud800', 'synthetic')).toBe('original')
    expect(units.toString()).toBe('beforethe text 🙂\ud800')
  })

  // Texts that differ in little: a collision among 300,000 has a chance of 1 in 10^8.
  it.each([
    ['numbers', (i: number) => String(i)],
    ['one word in a long text', (i: number) => `the same words before ${i.toString(36)} and the same words after`],
    ['two characters', (i: number) => String.fromCharCode(i & 1023, i >>> 10)],
    ['zeros and ones', (i: number) => i.toString(2).padStart(40, '0')],
    ['zero code units', (i: number) => '\u0000'.repeat(i & 255) + String.fromCharCode(1 + (i >>> 8))],
  ])('keeps alike texts apart: %s', (_, text) => {
    const set = new TextSet()
    let found = 0
    for (let i = 0; i < 300_000; i++) if (set.add(text(i), 'synthetic')) found++
    expect(found).toBe(0)
  })
})
