import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exportLogits } from './export-logits.ts'
import { importLogits } from './import-logits.ts'
import { openLogitStore } from './lmdb-store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-million-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const rows = 1_000_000
const atOnce = 4000
const teacher = { name: 'a', labels: ['no', 'yes'] }

function keyOf(row: number): Uint8Array {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(row)
  return key
}

it('holds, streams, exports and imports a million rows in memory that does not grow with them', async () => {
  const kept = () => {
    const { heapUsed, external } = process.memoryUsage()
    return (heapUsed + external) / 1e6
  }
  const before = kept()
  let most = before
  const look = () => {
    most = Math.max(most, kept())
  }
  const store = openLogitStore(join(folder, 'a.lmdb'), teacher)
  for (let first = 0; first < rows; first += atOnce) {
    const keys = Array.from({ length: atOnce }, (_, index) => keyOf(first + index))
    store.write(
      keys,
      Float32Array.from({ length: 2 * atOnce }, (_, index) => first * 2 + index),
    )
    look()
  }
  let row = 0
  for (const { key, logits } of store.rows()) {
    if (row % 65_536 === 0) {
      expect([Buffer.from(key).readUInt32BE(), ...logits]).toEqual([row, 2 * row, 2 * row + 1])
      look()
    }
    row++
  }
  expect([row, store.length]).toEqual([rows, rows])

  const file = join(folder, 'a.parquet')
  expect(await exportLogits(store, file, { onProgress: look })).toBe(rows)
  const copy = openLogitStore(join(folder, 'b.lmdb'), teacher)
  expect(await importLogits(copy, file, { onProgress: look })).toEqual({ rows, added: rows })
  await Promise.all([store.close(), copy.close()])
  expect(statSync(store.file).size).toBeLessThan(60e6)
  expect(statSync(copy.file).size).toBeLessThan(60e6)
  // A million rows as objects would be hundreds.
  expect(most - before).toBeLessThan(150)
})
