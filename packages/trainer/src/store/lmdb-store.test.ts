import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError, type KdErrorKind } from '@kd/core'
import { open } from 'lmdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLmdbFile } from './check-lmdb-file.ts'
import { openLogitStore, storedTeachers } from './lmdb-store.ts'
import type { LogitStore } from './logit-store.ts'
import { hash128 } from './text-hash.ts'
import { isAlive, newClaim, type WriterClaim } from './writer-claim.ts'

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

/** The first logit of each row that `fill` wrote. */
function values(store: LogitStore): number[] {
  const into = new Float32Array(2)
  return keys(2000).map((key) => (store.read(key, into) ? into[0]! : Number.NaN))
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
    const writer = openLogitStore(file, teacher)
    writer.write(keys(1), Float32Array.of(1, 2))
    await writer.close()
    const first = openLogitStore(file, teacher, { readOnly: true })
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
    let found = 0
    for (let bytes = 1; bytes < length; bytes += 3001) {
      copyFileSync(file, cut)
      truncateSync(cut, bytes)
      try {
        checkLmdbFile(cut)
      } catch (error) {
        expect(KdError.isInstance(error, 'format'), `${bytes} of ${length} bytes: ${error}`).toBe(true)
        found++
        continue
      }
      // What was cut off were free pages.
      const store = openLogitStore(cut, teacher)
      expect(values(store)).toEqual(Array.from({ length: 2000 }, (_, row) => Math.floor(row / 50)))
      await store.close()
    }
    expect(found).toBeGreaterThan((0.8 * length) / 3001)
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

  // A read-only bind mount needs a mount namespace: Linux has them, and most machines let a user make one.
  it.runIf(spawnSync('unshare', ['-rm', 'true']).status === 0)('fails with `io` on a read-only disk, and changes nothing', async () => {
    await fill()
    const script = new URL('../../fixtures/fill-store.ts', import.meta.url).pathname
    const command = `mount --bind "$2" "$2" && mount -o remount,bind,ro "$2" && exec "$0" --conditions=@kd/source --import tsx "$1" "$3"`
    const before = digest()
    const args = ['-rm', 'bash', '-c', command, process.execPath, script, folder, file]
    const { stdout, status } = spawnSync('unshare', args, { encoding: 'utf8' })
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({
      status: 1,
      stored: 0,
      kind: 'io',
      message: expect.stringMatching(/read-only/i),
    })
    expect(digest()).toBe(before)
  })

  it('reads row by row in the order of keys, all of them', async () => {
    const store = openLogitStore(file, teacher)
    const count = 9000
    const written = keys(count)
    store.write(
      written,
      Float32Array.from({ length: 2 * count }, (_, index) => index / 3),
    )
    expect(store.length).toBe(count)
    const rows = [...store.rows()]
    expect(rows.map(({ key }) => Buffer.from(key).toString('hex'))).toEqual(written.map((key) => key.toString('hex')).sort())
    const row = written.findIndex((key) => key.equals(rows[17]!.key))
    expect([...rows[17]!.logits]).toEqual([Math.fround((2 * row) / 3), Math.fround((2 * row + 1) / 3)])
    await store.close()
    await store.close()
  })

  it('lists the teachers whose logits it holds', async () => {
    await fill()
    await openLogitStore(file, { name: 'b', labels: ['x', 'y', 'z'] }).close()
    expect(await storedTeachers(file)).toEqual(
      expect.arrayContaining([
        { ...teacher, length: 2000 },
        { name: 'b', fingerprint: 'b', labels: ['x', 'y', 'z'], length: 0 },
      ]),
    )
  })

  it('reads a store that the first version of this package wrote', async () => {
    const written = new URL('../../fixtures/store-format-1.lmdb', import.meta.url)
    copyFileSync(written, file)
    const store = openLogitStore(file, teacher)
    expect(values(store)).toEqual(Array.from({ length: 2000 }, (_, row) => (row < 100 ? Math.floor(row / 50) : Number.NaN)))
    store.write(keys(1, 100), Float32Array.of(7, 8))
    expect([store.length, store.note('check')]).toEqual([101, 'noted'])
    await store.close()
  })

  it('makes the folders on its way', async () => {
    file = join(folder, 'a', 'b', 'logits.lmdb')
    await openLogitStore(file, teacher).close()
    expect(existsSync(file)).toBe(true)
  })
})

describe('one writer, many readers', () => {
  const script = fileURLToPath(new URL('../../fixtures/hold-store.ts', import.meta.url))
  const start = (mode: string) =>
    spawn(process.execPath, ['--conditions=@kd/source', '--import', 'tsx', script, file, mode], { stdio: ['ignore', 'pipe', 'inherit'] })

  it('refuses a second writer in the same process until the first has closed, and lets readers in', async () => {
    const writer = openLogitStore(file, teacher)
    writer.write(keys(1), Float32Array.of(1, 2))
    const error = failure(() => openLogitStore(file, { name: 'another', labels: ['x', 'y'] }))
    expect([error.kind, error.where.file]).toEqual(['io', file])
    expect(error.message).toMatch(/this process has the logit store open for writing.*readOnly/)
    const reader = openLogitStore(file, teacher, { readOnly: true })
    expect(reader.read(keys(1)[0]!, new Float32Array(2))).toBe(true)
    writer.write(keys(1, 1), Float32Array.of(3, 4))
    await reader.close()
    expect(failure(() => reader.write(keys(1, 2), new Float32Array(2))).where.option).toBe('readOnly')
    await writer.close()
    await openLogitStore(file, teacher).close()
  })

  it('a reader asks for a store, and for a teacher that is in it', async () => {
    expect(failure(() => openLogitStore(file, teacher, { readOnly: true })).kind).toBe('missing')
    expect(existsSync(file)).toBe(false)
    await fill()
    const error = failure(() => openLogitStore(file, { name: 'b', labels: ['no', 'yes'] }, { readOnly: true }))
    expect([error.kind, error.message]).toEqual(['missing', expect.stringContaining('it holds those of a (a@1)')])
  })

  it('refuses a second writer while another process writes, and takes over once that was killed', async () => {
    await fill()
    const writer = start('write')
    const exit = once(writer, 'exit')
    await once(writer.stdout, 'data')
    const error = failure(() => openLogitStore(file, teacher))
    expect([error.kind, error.message]).toEqual(['io', expect.stringContaining(`process ${writer.pid} has the logit store open`)])
    const reader = openLogitStore(file, teacher, { readOnly: true })
    expect(values(reader)[1999]).toBe(39)
    await reader.close()
    writer.kill('SIGKILL')
    await exit
    const heir = openLogitStore(file, teacher)
    expect(values(heir)[1999]).toBe(39)
    await heir.close()
  })

  it('readers of other processes see what is written while they have it open', async () => {
    const writer = openLogitStore(file, teacher)
    writer.write(keys(1), Float32Array.of(1, 2))
    const readers = [start('read'), start('read')]
    const exits = readers.map((reader) => once(reader, 'exit'))
    await Promise.all(readers.map((reader) => once(reader.stdout, 'data')))
    for (let row = 1; row <= 100; row++) writer.write(keys(1, row), Float32Array.of(row, 2))
    expect(await Promise.all(exits)).toEqual([
      [0, null],
      [0, null],
    ])
    await writer.close()
  })

  it.each<[string, Partial<WriterClaim>, boolean]>([
    ['a process that has ended', { pid: 2 ** 22 + 1 }, false],
    ['a process whose number is used again', { pid: process.ppid, started: '1' }, false],
    ['another process', { pid: process.ppid, started: undefined }, true],
    ['another thread', { thread: 99 }, true],
    ['this thread, that has let go of it', {}, false],
    ['another host', { pid: process.ppid, started: undefined, host: 'elsewhere' }, false],
  ])('a claim of %s', (_, change, expected) => {
    expect(isAlive({ ...newClaim(), ...change })).toBe(expected)
  })
})
