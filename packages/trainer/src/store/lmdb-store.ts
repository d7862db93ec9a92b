import { mkdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { KdError, type Teacher } from '@kd/core'
import type { Database, RootDatabase } from 'lmdb'
import { checkLmdbFile } from './check-lmdb-file.ts'
import type { LogitStore } from './logit-store.ts'
import { storeFailed } from './store-failed.ts'
import { hash128 } from './text-hash.ts'

const formatVersion = 1
const rootKey = 'kd-logit-store'

/** What a store says about one teacher. Logits lie in a sub-database of their own for each. */
interface TeacherEntry {
  name: string
  fingerprint: string
  labels: readonly string[]
}

/**
 * Opens, or makes, the logit store at `path` (one file, and a `-lock` file beside it) for one teacher. Several
 * processes may have it open.
 * @throws KdError of kind `missing` where lmdb is not installed; `format` where the file is no logit store, damaged,
 *   or of another version; `mismatch` where it holds logits of this teacher with other labels; `io` where the disk fails
 */
export function openLogitStore(path: string, teacher: Pick<Teacher, 'name' | 'fingerprint' | 'labels'>): LogitStore {
  const file = resolve(path)
  checkLmdbFile(file)
  const root = openFile(file)
  try {
    const isNew = checkVersion(root, file)
    return teacherStore(root, file, teacher, isNew)
  } catch (error) {
    void root.close()
    throw storeFailed(file, error)
  }
}

/** LMDB is native code and so an optional dependency: labelling without a store works where it is missing. */
function lmdb(): typeof import('lmdb') {
  try {
    return createRequire(import.meta.url)('lmdb')
  } catch (cause) {
    throw new KdError({
      kind: 'missing',
      what: 'a logit store needs the package lmdb, which is not installed or has no native build here',
      where: { option: 'store' },
      fix: 'Run npm install lmdb, or leave out `store`: a run that is stopped then begins anew.',
      cause,
    })
  }
}

function openFile(file: string): RootDatabase<Buffer, string> {
  try {
    mkdirSync(dirname(file), { recursive: true })
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      throw new KdError({ kind: 'io', what: 'a logit store is a file, and this is a folder', where: { file }, fix: 'Name a file in it.' })
    }
    // Without overlappingSync a commit returns when it is on the disk, and not before.
    return lmdb().open<Buffer, string>({ path: file, noSubdir: true, maxDbs: 1000, encoding: 'binary', overlappingSync: false })
  } catch (error) {
    throw storeFailed(file, error)
  }
}

/** True where the file was empty, and is a store from now on. */
function checkVersion(root: RootDatabase<Buffer, string>, file: string): boolean {
  const found = root.get(rootKey)
  if (found) {
    const { formatVersion: version } = parse<{ formatVersion: number }>(found, file)
    if (version === formatVersion) return false
    throw new KdError({
      kind: 'format',
      what: `this logit store is of format version ${version}, and this program writes version ${formatVersion}`,
      where: { file },
      fix: 'Use the version of @kd/trainer that wrote it, or name another file.',
    })
  }
  if (root.getKeysCount({ limit: 1 }) > 0) {
    throw new KdError({ kind: 'format', what: 'this LMDB file is no logit store', where: { file }, fix: 'Name another file.' })
  }
  return true
}

function teacherStore(
  root: RootDatabase<Buffer, string>,
  file: string,
  { name, fingerprint = name, labels }: Pick<Teacher, 'name' | 'fingerprint' | 'labels'>,
  isNew: boolean,
): LogitStore {
  const id = hash128(fingerprint).toString('hex')
  const found = isNew ? undefined : root.get(`teacher:${id}`)
  if (found) checkTeacher(parse<TeacherEntry>(found, file), { name, fingerprint, labels }, file)
  else {
    const entry: TeacherEntry = { name, fingerprint, labels }
    root.transactionSync(() => {
      if (isNew) root.putSync(rootKey, toBytes({ formatVersion }))
      root.putSync(`teacher:${id}`, toBytes(entry))
    })
  }
  const logits = root.openDB<Buffer, Buffer>({ name: `logits:${id}`, encoding: 'binary', keyEncoding: 'binary' })
  return new LmdbStore(file, id, root, logits, labels.length)
}

function checkTeacher(stored: TeacherEntry, teacher: TeacherEntry, file: string): void {
  if (stored.labels?.length === teacher.labels.length && stored.labels.every((label, index) => label === teacher.labels[index])) return
  throw new KdError({
    kind: 'mismatch',
    what: `the store holds logits of teacher ${teacher.name} for the labels ${stored.labels?.join(', ')}, and now its labels are ${teacher.labels.join(', ')}`,
    where: { file },
    fix: 'Give the teacher another `fingerprint` (or `name`), or name another file.',
  })
}

class LmdbStore implements LogitStore {
  readonly #file: string
  readonly #id: string
  readonly #root: RootDatabase<Buffer, string>
  readonly #logits: Database<Buffer, Buffer>
  readonly #rowBytes: number

  constructor(file: string, id: string, root: RootDatabase<Buffer, string>, logits: Database<Buffer, Buffer>, classes: number) {
    this.#file = file
    this.#id = id
    this.#root = root
    this.#logits = logits
    this.#rowBytes = classes * 4
  }

  read(key: Uint8Array, into: Float32Array): boolean {
    const value = this.#try(() => this.#logits.get(key as Buffer))
    if (!value) return false
    if (value.length !== this.#rowBytes + 4 || value.readUInt32LE(this.#rowBytes) !== crc32(value.subarray(0, this.#rowBytes))) {
      throw new KdError({
        kind: 'format',
        what: `the logits stored under ${Buffer.from(key).toString('hex')} are damaged`,
        where: { file: this.#file },
        fix: 'Delete the file: its texts are then labelled again.',
      })
    }
    for (let index = 0; index < into.length; index++) into[index] = value.readFloatLE(index * 4)
    return true
  }

  write(keys: readonly Uint8Array[], logits: Float32Array): void {
    const classes = this.#rowBytes / 4
    this.#try(() =>
      this.#root.transactionSync(() => {
        keys.forEach((key, row) => {
          const value = Buffer.alloc(this.#rowBytes + 4)
          for (let index = 0; index < classes; index++) value.writeFloatLE(logits[row * classes + index]!, index * 4)
          value.writeUInt32LE(crc32(value.subarray(0, this.#rowBytes)), this.#rowBytes)
          this.#logits.putSync(key as Buffer, value, { noOverwrite: true })
        })
      }),
    )
  }

  note(name: string): string | undefined {
    return this.#try(() => this.#root.get(`note:${this.#id}:${name}`))?.toString()
  }

  setNote(name: string, value: string): void {
    this.#try(() => this.#root.transactionSync(() => this.#root.putSync(`note:${this.#id}:${name}`, Buffer.from(value))))
  }

  close(): Promise<void> {
    return this.#root.close()
  }

  #try<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw storeFailed(this.#file, error)
    }
  }
}

const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

function parse<T>(bytes: Buffer, file: string): T {
  try {
    return JSON.parse(bytes.toString()) as T
  } catch (cause) {
    throw new KdError({
      kind: 'format',
      what: 'the logit store is damaged',
      where: { file },
      fix: 'Delete it, or name another file.',
      cause,
    })
  }
}
