import { resolve } from 'node:path'
import { KdError } from '@kd/core'
import type { Database, RootDatabase } from 'lmdb'
import type { LogitFile, StoredLogits, TeacherIdentity } from './logit-store.ts'
import { formatVersion, openLmdb, parseEntry, rootKey, toEntry } from './open-lmdb.ts'
import { storeFailed } from './store-failed.ts'
import { fromStoredRow, toStoredRow } from './stored-row.ts'
import { hash128 } from './text-hash.ts'
import { hold, isAlive, letGo, newClaim, type WriterClaim } from './writer-claim.ts'

export interface StoreOptions {
  /** True to read only: any number of processes may, while one writes. Default: false. */
  readOnly?: boolean
}

const writerKey = 'writer'
/** Rows that are read at once by `rows`. */
const rowsAtOnce = 4096

/**
 * Opens, or makes, the logit store at `path` (one file, and a `-lock` file beside it) for one teacher. One process may
 * have it open for writing, others for reading.
 * @throws KdError of kind `missing` where lmdb is not installed, or there is nothing to read; `format` where the file is
 *   no logit store, damaged, or of another version; `mismatch` where it holds logits of this teacher with other labels;
 *   `io` where the disk fails, or the store is open for writing already
 */
export function openLogitStore(path: string, teacher: TeacherIdentity, { readOnly = false }: StoreOptions = {}): LogitFile {
  const file = resolve(path)
  const { root, isNew } = openLmdb(file, readOnly)
  try {
    const { name, fingerprint = name, labels } = teacher
    const id = teacherId({ name, fingerprint, labels })
    const entry = isNew ? undefined : root.get(`teacher:${id}`)
    if (entry) checkTeacher(parseEntry<TeacherIdentity>(entry, file), teacher, file)
    else if (readOnly) throw stranger(root, file, name)
    const claim = readOnly ? undefined : claimWriting(root, file, { id, name, fingerprint, labels })
    try {
      const logits = root.openDB<Buffer, Buffer>({ name: `logits:${id}`, encoding: 'binary', keyEncoding: 'binary' })
      return new LmdbStore({ file, id, root, logits, teacher: { name, fingerprint, labels }, claim })
    } catch (error) {
      if (claim) letGo(claim)
      throw error
    }
  } catch (error) {
    void root.close()
    throw storeFailed(file, error)
  }
}

/** The teachers whose logits a store holds, each as `openLogitStore` takes it, with the number of texts. */
export async function storedTeachers(path: string): Promise<(TeacherIdentity & { readonly length: number })[]> {
  const file = resolve(path)
  const { root } = openLmdb(file, true)
  try {
    return teacherEntries(root, file).map((teacher) => {
      const logits = root.openDB<Buffer, Buffer>({ name: `logits:${teacherId(teacher)}`, encoding: 'binary', keyEncoding: 'binary' })
      return { ...teacher, length: countOf(logits) }
    })
  } catch (error) {
    throw storeFailed(file, error)
  } finally {
    await root.close()
  }
}

const teacherId = ({ name, fingerprint = name }: TeacherIdentity): string => hash128(fingerprint).toString('hex')

const teacherEntries = (root: RootDatabase<Buffer, string>, file: string): TeacherIdentity[] =>
  [...root.getRange({ start: 'teacher:', end: 'teacher;' })].map(({ value }) => parseEntry<TeacherIdentity>(value, file))

/** A database that is opened for reading only and not there yet is undefined. */
const countOf = (logits: Database<Buffer, Buffer> | undefined): number =>
  logits ? (logits.getStats() as { entryCount: number }).entryCount : 0

function stranger(root: RootDatabase<Buffer, string>, file: string, name: string): KdError {
  const known = teacherEntries(root, file).map((teacher) => `${teacher.name} (${teacher.fingerprint})`)
  return new KdError({
    kind: 'missing',
    what: `the store holds no logits of teacher ${name}; it holds those of ${known.join(', ') || 'nobody'}`,
    where: { file },
    fix: 'Give a teacher as storedTeachers lists it.',
  })
}

/** Takes the store for writing, and notes down version and teacher where they are new: one transaction, so one winner. */
function claimWriting(
  root: RootDatabase<Buffer, string>,
  file: string,
  { id, ...teacher }: TeacherIdentity & { readonly id: string },
): WriterClaim {
  // Places of readers that were killed would keep their pages in use.
  root.readerCheck()
  const claim = newClaim()
  const holder = root.transactionSync(() => {
    const found = root.get(writerKey)
    const writer = found && parseEntry<WriterClaim>(found, file)
    if (writer && isAlive(writer)) return writer
    root.putSync(writerKey, toEntry(claim))
    if (!root.get(rootKey)) root.putSync(rootKey, toEntry({ formatVersion }))
    if (!root.get(`teacher:${id}`)) root.putSync(`teacher:${id}`, toEntry(teacher))
    hold(claim)
    return undefined
  })
  if (!holder) return claim
  const who = holder.pid === process.pid ? 'this process' : `process ${holder.pid}`
  throw new KdError({
    kind: 'io',
    what: `${who} has the logit store open for writing, and only one may`,
    where: { file },
    fix: 'Close it there or wait until that process has ended, name another file, or open it with readOnly: true.',
  })
}

function checkTeacher(stored: TeacherIdentity, teacher: TeacherIdentity, file: string): void {
  if (stored.labels?.length === teacher.labels.length && stored.labels.every((label, index) => label === teacher.labels[index])) return
  throw new KdError({
    kind: 'mismatch',
    what: `the store holds logits of teacher ${teacher.name} for the labels ${stored.labels?.join(', ')}, and now its labels are ${teacher.labels.join(', ')}`,
    where: { file },
    fix: 'Give the teacher another `fingerprint` (or `name`), or name another file.',
  })
}

interface LmdbStoreParts {
  file: string
  id: string
  root: RootDatabase<Buffer, string>
  logits: Database<Buffer, Buffer>
  teacher: TeacherIdentity
  /** Undefined where the store is open for reading. */
  claim: WriterClaim | undefined
}

class LmdbStore implements LogitFile {
  readonly file: string
  readonly teacher: TeacherIdentity
  readonly #id: string
  readonly #root: RootDatabase<Buffer, string>
  readonly #logits: Database<Buffer, Buffer>
  readonly #claim: WriterClaim | undefined
  #closing: Promise<void> | undefined

  constructor({ file, id, root, logits, teacher, claim }: LmdbStoreParts) {
    this.file = file
    this.teacher = teacher
    this.#id = id
    this.#root = root
    this.#logits = logits
    this.#claim = claim
  }

  get length(): number {
    return this.#try(() => countOf(this.#logits))
  }

  read(key: Uint8Array, into: Float32Array): boolean {
    // The bytes are LMDB's own until the next look-up.
    const value = this.#try(() => this.#logits?.getBinaryFast(key as Buffer))
    if (!value) return false
    if (!fromStoredRow(value, into.subarray(0, this.teacher.labels.length))) throw this.#damaged(key)
    return true
  }

  *rows(): Generator<StoredLogits> {
    let last: Buffer | undefined
    for (;;) {
      const range = { start: last, exclusiveStart: last !== undefined, limit: rowsAtOnce }
      const page = this.#try(() => (this.#logits ? [...this.#logits.getRange(range)] : []))
      for (const { key, value } of page) {
        const logits = new Float32Array(this.teacher.labels.length)
        if (!fromStoredRow(value, logits)) throw this.#damaged(key)
        yield { key, logits }
      }
      if (page.length < rowsAtOnce) return
      last = page.at(-1)!.key
    }
  }

  write(keys: readonly Uint8Array[], logits: Float32Array): void {
    const classes = this.teacher.labels.length
    this.#writing(() => {
      keys.forEach((key, row) => {
        const value = toStoredRow(logits.subarray(row * classes, (row + 1) * classes))
        this.#logits.putSync(key as Buffer, value, { noOverwrite: true })
      })
    })
  }

  note(name: string): string | undefined {
    return this.#try(() => this.#root.get(`note:${this.#id}:${name}`))?.toString()
  }

  setNote(name: string, value: string): void {
    this.#writing(() => void this.#root.putSync(`note:${this.#id}:${name}`, Buffer.from(value)))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const claim = this.#claim
    if (claim) {
      try {
        this.#root.transactionSync(() => {
          const found = this.#root.get(writerKey)
          if (found && parseEntry<WriterClaim>(found, this.file).id === claim.id) this.#root.removeSync(writerKey)
        })
      } catch {
        // On a full disk the claim stays: it ends with the process, or as soon as this thread opens the store again.
      }
      letGo(claim)
    }
    await this.#root.close()
  }

  #writing(work: () => void): void {
    if (!this.#claim) {
      throw new KdError({
        kind: 'option',
        what: 'the logit store is open for reading only',
        where: { file: this.file, option: 'readOnly' },
        fix: 'Open it without readOnly.',
      })
    }
    this.#try(() => this.#root.transactionSync(work))
  }

  #damaged(key: Uint8Array): KdError {
    return new KdError({
      kind: 'format',
      what: `the logits stored under ${Buffer.from(key).toString('hex')} are damaged`,
      where: { file: this.file },
      fix: 'Delete the file: its texts are then labelled again.',
    })
  }

  #try<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw storeFailed(this.file, error)
    }
  }
}
