import { expect, test } from 'vitest'
import { fuzzFiles, fuzzTexts } from '../../fixtures/fuzz.ts'
import { madeUp, packedOf } from '../../fixtures/made-up.ts'
import { writePacked } from '../write-packed.ts'
import { load } from './load.ts'

// `npm run test:slow` has 20,000 of each.
test('files that were changed are refused or answer', () => fuzzFiles(800))
test('any string is answered', () => fuzzTexts(800))

test.each(['a ', 'film', '\n', '.', "n't", '東', '\u0301', '"', 'a.', "'"])(
  'a megabyte of %j is answered in bounded time',
  async (piece) => {
    const student = await load(writePacked(packedOf(madeUp(), 'int8')))
    const start = performance.now()
    student.predict(piece.repeat(1e6 / piece.length))
    // Some 100 ms; ten times that on a busy machine.
    expect(performance.now() - start).toBeLessThan(3000)
  },
)
