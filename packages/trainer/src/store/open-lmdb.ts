import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { KdError } from '@kd/core'
import type { RootDatabase } from 'lmdb'
import { checkLmdbFile } from './check-lmdb-file.ts'
import { storeFailed } from './store-failed.ts'

export const formatVersion = 1
export const rootKey = 'kd-logit-store'

export interface OpenedLmdb {
  readonly root: RootDatabase<Buffer, string>
  /** True where the file was empty, and is to become a store. */
  readonly isNew: boolean
}

/**
 * Opens a store's file after a look at its pages, and checks that it is a store of this version.
 * @throws KdError of kind `missing`, `format` or `io`
 */
export function openLmdb(file: string, readOnly: boolean): OpenedLmdb {
  checkLmdbFile(file)
  const root = open(file, readOnly)
  try {
    return { root, isNew: checkVersion(root, file) }
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

function open(file: string, readOnly: boolean): RootDatabase<Buffer, string> {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isDirectory()) {
      throw new KdError({ kind: 'io', what: 'a logit store is a file, and this is a folder', where: { file }, fix: 'Name a file in it.' })
    }
    if (readOnly && !found?.size) {
      throw new KdError({ kind: 'missing', what: 'there is no logit store to read', where: { file }, fix: 'Check the path.' })
    }
    if (!readOnly) mkdirSync(dirname(file), { recursive: true })
    // Without overlappingSync a commit returns when it is on the disk, and not before.
    return lmdb().open<Buffer, string>({
      path: file,
      noSubdir: true,
      maxDbs: 1000,
      encoding: 'binary',
      overlappingSync: false,
      // One process has one environment of a file: made by a reader, it would be no good for a writer after it.
      readOnly: readOnly && !isWritable(file),
    })
  } catch (error) {
    throw storeFailed(file, error)
  }
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function checkVersion(root: RootDatabase<Buffer, string>, file: string): boolean {
  const found = root.get(rootKey)
  if (found) {
    const { formatVersion: version } = parseEntry<{ formatVersion: number }>(found, file)
    if (version === formatVersion) return false
    throw new KdError({
      kind: 'format',
      what: `this logit store is of format version ${version}, and this program reads and writes version ${formatVersion}`,
      where: { file },
      fix: 'Use the version of @kd/trainer that wrote it, there exportLogits and here importLogits, or name another file.',
    })
  }
  if (root.getKeysCount({ limit: 1 }) > 0) {
    throw new KdError({ kind: 'format', what: 'this LMDB file is no logit store', where: { file }, fix: 'Name another file.' })
  }
  return true
}

export const toEntry = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** @throws KdError of kind `format` */
export function parseEntry<T>(bytes: Buffer, file: string): T {
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
