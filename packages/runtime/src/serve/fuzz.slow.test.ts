import { test } from 'vitest'
import { fuzzFiles, fuzzTexts } from '../../fixtures/fuzz.ts'

test('20,000 files that were changed are refused or answer', () => fuzzFiles(20_000), 600_000)
test('20,000 strings are answered', () => fuzzTexts(20_000), 600_000)
