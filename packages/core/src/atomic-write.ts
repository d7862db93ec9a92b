import { randomUUID } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { KdError } from './error.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'

export interface AtomicWriteOptions {
  /** Default: the machine's. */
  fileSystem?: FileSystem
}

export interface FolderWriteOptions extends AtomicWriteOptions {
  /** Names, besides those of the new files, that a folder may hold and still be replaced. Default: none. */
  mayReplace?: readonly string[]
}

type FileContents = Uint8Array | string

/**
 * Writes a file whole or not at all: beside it under another name, then renamed over it.
 * @param contents all of it, or its pieces as they come
 * @throws KdError of kind `io`, or the one that the pieces fail with; what was there before is untouched, nothing half-written is left
 */
export async function writeFileAtomic(
  path: string,
  contents: FileContents | AsyncIterable<Uint8Array>,
  { fileSystem = nodeFileSystem }: AtomicWriteOptions = {},
): Promise<void> {
  const target = resolve(path)
  const temporary = `${target}.${randomUUID()}.partial`
  try {
    await fileSystem.makeFolder(dirname(target))
    await fileSystem.write(temporary, typeof contents === 'string' ? toBytes(contents) : contents)
    await fileSystem.rename(temporary, target)
  } catch (cause) {
    await fileSystem.remove(temporary).catch(() => {})
    throw KdError.isInstance(cause) ? cause : writeFailed(target, cause, 'what was there before is unchanged')
  }
}

/**
 * Writes a folder of files whole or not at all, in place of the folder that may stand there. A folder that holds
 * anything else than files of these names is somebody's own and is not replaced.
 * @param files contents by file name; a name may hold `/`
 * @throws KdError of kind `io`, or `option` where the path is taken; what was there before is untouched, nothing half-written is left
 */
export async function writeFolderAtomic(
  path: string,
  files: Readonly<Record<string, FileContents>>,
  { fileSystem = nodeFileSystem, mayReplace = [] }: FolderWriteOptions = {},
): Promise<void> {
  const target = resolve(path)
  const id = randomUUID()
  const temporary = `${target}.${id}.partial`
  const replaced = `${target}.${id}.replaced`
  let kept = 'what was there before is unchanged'
  let standing: boolean
  try {
    standing = await stands(target, [...Object.keys(files).map((name) => name.split('/')[0]!), ...mayReplace], fileSystem)
    await fileSystem.makeFolder(temporary)
    for (const [name, contents] of Object.entries(files)) {
      const file = join(temporary, name)
      if (dirname(file) !== temporary) await fileSystem.makeFolder(dirname(file))
      await fileSystem.write(file, toBytes(contents))
    }
    if (standing) await fileSystem.rename(target, replaced)
    try {
      await fileSystem.rename(temporary, target)
    } catch (cause) {
      if (standing) await fileSystem.rename(replaced, target).catch(() => (kept = `what was there before is unchanged in ${replaced}`))
      throw cause
    }
  } catch (cause) {
    await fileSystem.remove(temporary).catch(() => {})
    throw KdError.isInstance(cause) ? cause : writeFailed(target, cause, kept)
  }
  // The new folder stands: an old one that can't be removed costs disk space, nothing else.
  if (standing) await fileSystem.remove(replaced).catch(() => {})
}

/** Whether a folder stands at `target`, which then may be replaced. */
async function stands(target: string, replaceable: readonly string[], fileSystem: FileSystem): Promise<boolean> {
  let names: string[]
  try {
    names = await fileSystem.list(target)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (code !== 'ENOTDIR') throw cause
    throw taken(target, 'it is a file, where a folder was to be written')
  }
  const foreign = names.find((name) => !replaceable.includes(name))
  if (foreign !== undefined) throw taken(target, `the folder holds ${foreign}, which would be lost`)
  return true
}

const taken = (file: string, what: string) =>
  new KdError({ kind: 'option', what, where: { file }, fix: 'Give a new or empty folder, or move away what is there.' })

const toBytes = (contents: FileContents): Uint8Array => (typeof contents === 'string' ? new TextEncoder().encode(contents) : contents)

const remedies: Record<string, string> = {
  ENOSPC: 'The disk is full: free space or choose another place.',
  EROFS: 'The disk is read-only: choose another place.',
  EACCES: 'Permission is denied: choose another place or change its permissions.',
  EPERM: 'Permission is denied: choose another place or change its permissions.',
}

function writeFailed(file: string, cause: unknown, kept: string): KdError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const reason = code || (cause as Error).message
  return new KdError({
    kind: 'io',
    what: `writing failed with ${reason}; ${kept}`,
    where: { file },
    fix: remedies[code] ?? 'Check the path and the disk.',
    cause,
  })
}
