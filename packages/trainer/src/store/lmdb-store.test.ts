import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KdError, type KdErrorKind } from '@kd/core'
import { open } from 'lmdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLmdbFile } from './check-lmdb-file.ts'
import { openLogitStore } from './lmdb-store.ts'
import { hash128 } from './text-hash.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-store-'))
  file = join(folder, 'logits.lmdb')
})
afterEach(() => rmSync(folder, { recursive: true }))

const teacher = { name: 'a', fingerprint: 'a@1', labels: ['no', 'yes'] }
const keys = (count: number, from = 0) => Array.from({ length: count }, (_, index) => hash128(`text ${from + index}`))
const digest = () => createHash('sha256').update(readFileSync(file)).digest('hex')

function failure(work: () => unknown): KdError {
  try {
    work()
  } catch (error) {
    if (KdError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** A store of 2,000 rows, written in 40 transactions. */
async function fill(): Promise<void> {
  const store = openLogitStore(file, teacher)
  for (let batch = 0; batch < 40; batch++) store.write(keys(50, batch * 50), new Float32Array(100).fill(batch))
  await store.close()
}

describe('openLogitStore', () => {
  it('gives back what was written, bit for bit, and keeps the first', async () => {
    const rows = Float32Array.of(0.1, -0, 1e-42, 3.4e38)
    const store = openLogitStore(file, teacher)
    store.write(keys(2), rows)
    store.write(keys(1), Float32Array.of(9, 9))
    await store.close()
    const again = openLogitStore(file, teacher)
    const into = new Float32Array(4)
    expect(again.read(keys(1)[0]!, into.subarray(0, 2))).toBe(true)
    expect(again.read(keys(1, 1)[0]!, into.subarray(2))).toBe(true)
    expect(Buffer.from(into.buffer)).toEqual(Buffer.from(rows.buffer))
    expect(again.read(keys(1, 2)[0]!, into)).toBe(false)
    await again.close()
  })

  it('keeps teachers apart by fingerprint, else by name', async () => {
    const first = openLogitStore(file, teacher)
    first.write(keys(1), Float32Array.of(1, 2))
    const second = openLogitStore(file, { ...teacher, fingerprint: 'a@2', labels: ['x', 'y', 'z'] })
    expect(second.read(keys(1)[0]!, new Float32Array(3))).toBe(false)
    second.write(keys(1), Float32Array.of(7, 8, 9))
    const into = new Float32Array(2)
    expect(first.read(keys(1)[0]!, into)).toBe(true)
    expect([...into]).toEqual([1, 2])
    await first.close()
    await second.close()
    const third = openLogitStore(file, { name: 'a@1', labels: ['no', 'yes'] })
    expect(third.read(keys(1)[0]!, into)).toBe(true)
    await third.close()
  })

  it.each([
    ['another number of classes', ['no', 'maybe', 'yes']],
    ['another order', ['yes', 'no']],
  ])('refuses the same teacher with %s', async (_, labels) => {
    await fill()
    expect(failure(() => openLogitStore(file, { ...teacher, labels })).kind).toBe('mismatch')
  })

  const damages: [string, KdErrorKind, () => void | Promise<void>][] = [
    ['a text file', 'format', () => writeFileSync(file, 'text\tlabel\n'.repeat(2000))],
    ['a short file', 'format', () => writeFileSync(file, 'x')],
    ['a store cut in the middle', 'format', () => fill().then(() => truncateSync(file, 40_000))],
    ['a store cut after its meta pages', 'format', () => fill().then(() => truncateSync(file, 8192))],
    [
      'another LMDB file',
      'format',
      async () => {
        const other = open<string, string>({ path: file, noSubdir: true })
        await other.put('k', 'v')
        await other.close()
      },
    ],
    [
      'another format version',
      'format',
      async () => {
        const other = open<Buffer, string>({ path: file, noSubdir: true, encoding: 'binary' })
        await other.put('kd-logit-store', Buffer.from('{"formatVersion":2}'))
        await other.close()
      },
    ],
    ['a folder', 'io', () => mkdirSync(file)],
  ]
  it.each(damages)('refuses %s and leaves it as it is', async (_, kind, make) => {
    await make()
    const before = kind === 'io' ? '' : digest()
    const error = failure(() => openLogitStore(file, teacher))
    expect([error.kind, error.where.file, error.fix === undefined]).toEqual([kind, file, false])
    if (kind !== 'io') expect(digest()).toBe(before)
  })

  it('finds a changed byte in a row', async () => {
    await fill()
    const bytes = readFileSync(file)
    const value = Buffer.from(Float32Array.of(39, 39).buffer)
    for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) bytes[at] = bytes[at]! ^ 4
    writeFileSync(file, bytes)
    const store = openLogitStore(file, teacher)
    expect(failure(() => store.read(keys(1, 1999)[0]!, new Float32Array(2))).kind).toBe('format')
    await store.close()
  })

  it('passes stores as they are written, and every cut that loses a page that is in use is found', async () => {
    await fill()
    const { length } = readFileSync(file)
    checkLmdbFile(file)
    const cut = join(folder, 'cut.lmdb')
    for (let bytes = 1; bytes < length; bytes += 3001) {
      copyFileSync(file, cut)
      truncateSync(cut, bytes)
      expect(failure(() => checkLmdbFile(cut)).kind, `${bytes} of ${length} bytes`).toBe('format')
    }
  })

  it('fails with `io` on a disk that is full, and keeps what was stored', async () => {
    await fill()
    const script = new URL('../../fixtures/fill-store.ts', import.meta.url).pathname
    const limit = Math.ceil(readFileSync(file).length / 1024) + 100
    const command = `ulimit -f ${limit}; trap '' XFSZ; exec "$0" --conditions=@kd/source --import tsx "$1" "$2"`
    const { stdout, status } = spawnSync('bash', ['-c', command, process.execPath, script, file], { encoding: 'utf8' })
    const { stored, kind, message } = JSON.parse(stdout) as { stored: number; kind: string; message: string }
    expect({ status, kind }).toEqual({ status: 1, kind: 'io' })
    expect(message).toContain(file)
    const store = openLogitStore(file, teacher)
    const into = new Float32Array(2)
    expect(store.read(keys(1)[0]!, into)).toBe(true)
    expect(stored).toBeGreaterThan(0)
    for (let row = 0; row < stored; row++) expect(store.read(hash128(`more ${row}`), into)).toBe(true)
    await store.close()
  })

  it('makes the folders on its way', async () => {
    file = join(folder, 'a', 'b', 'logits.lmdb')
    await openLogitStore(file, teacher).close()
    expect(existsSync(file)).toBe(true)
  })
})
