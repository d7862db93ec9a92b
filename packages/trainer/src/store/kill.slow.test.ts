import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { killWriters } from '../../fixtures/kill-store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-kill-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('loses nothing that was reported as stored over 20 kills amid writes', async () => {
  const { kills, reported, wrong } = await killWriters(join(folder, 'logits.lmdb'), 20, 1)
  expect(wrong).toEqual([])
  expect(kills).toBe(20)
  expect(reported).toBeGreaterThan(1000)
})
