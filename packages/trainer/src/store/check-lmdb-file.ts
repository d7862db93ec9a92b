import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { KdError } from '@kd/core'
import { storeFailed } from './store-failed.ts'

// The parts of LMDB's file format (data version 2, liblmdb/mdb.c) that say which pages belong to it.
const magic = 0xbeefc0de
const dataVersion = 2
const headerBytes = 24
const metaBytes = headerBytes + 144
const pageFlag = { branch: 1, leaf: 2, overflow: 4, meta: 8 }
const nodeFlag = { overflow: 1, database: 2 }
const noPage = 0xffffffffffffffffn

interface Meta {
  pageSize: number
  roots: bigint[]
  lastPage: number
  transaction: bigint
}

/**
 * Walks an LMDB file's trees. LMDB maps the file and trusts it: it takes the whole process down where the file is cut
 * short or something else, so this is asked first. A missing or empty file passes: LMDB makes a new one.
 * @throws KdError of kind `format` that names the file
 */
export function checkLmdbFile(file: string): void {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw storeFailed(file, error)
  }
  try {
    if (!fstatSync(descriptor).isFile()) return
    // Another process may be writing to it: what is wrong in a state that has passed by the time is no damage.
    for (let tries = 3; ; tries--) {
      const before = fstatSync(descriptor).size === 0 ? undefined : newestMeta(descriptor)
      if (!before) return
      if (typeof before === 'object') {
        const damage = damageOf(descriptor, before)
        if (!damage) return
        const now = newestMeta(descriptor)
        if (typeof now === 'object' && now.transaction !== before.transaction && tries > 0) continue
        throw damaged(file, damage)
      }
      throw damaged(file, before)
    }
  } finally {
    closeSync(descriptor)
  }
}

const damaged = (file: string, what: string): KdError =>
  new KdError({
    kind: 'format',
    what: `this is no undamaged logit store: ${what}`,
    where: { file },
    fix: 'Name another file, or delete this one: its texts are then labelled again.',
  })

/** The newer of the two meta pages, or what is wrong with them. */
function newestMeta(descriptor: number): Meta | string {
  const first = readMeta(descriptor, 0)
  if (typeof first === 'string') return first
  const second = readMeta(descriptor, first.pageSize)
  if (typeof second === 'string') return second
  return second.transaction > first.transaction ? second : first
}

function readMeta(descriptor: number, position: number): Meta | string {
  const page = Buffer.alloc(metaBytes)
  if (readSync(descriptor, page, 0, metaBytes, position) < metaBytes) return 'it is cut short'
  const meta = page.subarray(headerBytes)
  if (meta.readUInt32LE(0) !== magic || !(page.readUInt16LE(18) & pageFlag.meta)) return 'it is not an LMDB file'
  if (meta.readUInt32LE(4) !== dataVersion)
    return `it is an LMDB file of data version ${meta.readUInt32LE(4)}, and ${dataVersion} is needed`
  const pageSize = meta.readUInt32LE(24)
  if (pageSize < 256 || pageSize > 0x10000 || pageSize & (pageSize - 1)) return `its page size is ${pageSize}`
  return {
    pageSize,
    roots: [meta.readBigUInt64LE(24 + 40), meta.readBigUInt64LE(72 + 40)],
    lastPage: Number(meta.readBigUInt64LE(120)),
    transaction: meta.readBigUInt64LE(128),
  }
}

/** What is wrong with the pages that can be reached from the roots, if anything is. */
function damageOf(descriptor: number, { pageSize, roots, lastPage, transaction }: Meta): string | undefined {
  const { size } = fstatSync(descriptor)
  const page = Buffer.alloc(pageSize)
  const seen = new Set<bigint>()
  const open = roots.filter((root) => root !== noPage)
  while (open.length > 0) {
    const number = open.pop()!
    if (number < 2n || number > lastPage || seen.has(number)) return `page ${number} does not belong where it is`
    seen.add(number)
    const position = Number(number) * pageSize
    if (position + pageSize > size) return `it has ${size} bytes, and page ${number} would end at ${position + pageSize}`
    readSync(descriptor, page, 0, pageSize, position)
    const flags = page.readUInt16LE(18)
    const isBranch = (flags & pageFlag.branch) !== 0
    const keys = page.readUInt16LE(20) >> 1
    const isSound = isBranch || flags & pageFlag.leaf
    if (page.readBigUInt64LE(0) !== number || page.readBigUInt64LE(8) > transaction || !isSound || headerBytes + keys * 2 > pageSize) {
      return `page ${number} is damaged`
    }
    for (let key = 0; key < keys; key++) {
      const node = headerBytes + page.readUInt16LE(headerBytes + key * 2)
      if (node + 8 > pageSize) return `page ${number} is damaged`
      if (isBranch) open.push(BigInt(page.readUInt32LE(node)) + (BigInt(page.readUInt16LE(node + 4)) << 32n))
      else {
        const data = node + 8 + page.readUInt16LE(node + 6)
        const bytes = page.readUInt32LE(node)
        const kind = page.readUInt16LE(node + 4)
        const inPage = kind & nodeFlag.overflow ? 24 : bytes
        if (data + inPage > pageSize) return `page ${number} is damaged`
        if (kind & nodeFlag.overflow) {
          const end = (Number(page.readBigUInt64LE(data)) + Math.ceil((headerBytes + bytes) / pageSize)) * pageSize
          if (end > size) return `it has ${size} bytes, and a value would end at ${end}`
        } else if (kind & nodeFlag.database) {
          const root = page.readBigUInt64LE(data + 40)
          if (root !== noPage) open.push(root)
        }
      }
    }
  }
  return undefined
}
