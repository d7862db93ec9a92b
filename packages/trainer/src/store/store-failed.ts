import { KdError } from '@kd/core'

const damage = /MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND|VERSION_MISMATCH|PANIC|BAD_TXN)|not an LMDB file|corrupt|Invalid argument/i

/** A KdError for what LMDB or the disk said: `format` for damage, `io` for the rest. A KdError stays as it is. */
export function storeFailed(file: string, error: unknown): KdError {
  if (KdError.isInstance(error)) return error
  const { message, code } = error as NodeJS.ErrnoException
  const reason = message || String(code ?? error)
  if (damage.test(reason)) {
    return new KdError({
      kind: 'format',
      what: `the logit store can't be read: ${reason}`,
      where: { file },
      fix: 'Name another file, or delete this one: its texts are then labelled again.',
      cause: error,
    })
  }
  return new KdError({
    kind: 'io',
    what: `the logit store failed with ${reason}; what was stored before is unchanged`,
    where: { file },
    fix: 'Check the path, its permissions and the free space, and run again: it goes on where it was.',
    cause: error,
  })
}
