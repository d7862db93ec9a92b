import { randomUUID } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { KdError } from './error.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'

export interface AtomicWriteOptions {
  /** Default: the machine's. */
  fileSystem?: FileSystem
}

type FileContents = Uint8Array | string

/**
 * Writes a file whole or not at all: beside it under another name, then renamed over it.
 * @throws KdError of kind `io`; what was there before is untouched, nothing half-written is left
 */
export async function writeFileAtomic(
  path: string,
  contents: FileContents,
  { fileSystem = nodeFileSystem }: AtomicWriteOptions = {},
): Promise<void> {
  const target = resolve(path)
  const temporary = `${target}.${randomUUID()}.partial`
  try {
    await fileSystem.makeFolder(dirname(target))
    await fileSystem.write(temporary, toBytes(contents))
    await fileSystem.rename(temporary, target)
  } catch (cause) {
    await fileSystem.remove(temporary).catch(() => {})
    throw writeFailed(target, cause)
  }
}

/**
 * Writes a folder of files whole or not at all, in place of the folder that may stand there.
 * @param files contents by file name; a name may hold `/`
 * @throws KdError of kind `io`; what was there before is untouched, nothing half-written is left
 */
export async function writeFolderAtomic(
  path: string,
  files: Readonly<Record<string, FileContents>>,
  { fileSystem = nodeFileSystem }: AtomicWriteOptions = {},
): Promise<void> {
  const target = resolve(path)
  const id = randomUUID()
  const temporary = `${target}.${id}.partial`
  const replaced = `${target}.${id}.replaced`
  let movedAside = false
  try {
    await fileSystem.makeFolder(temporary)
    for (const [name, contents] of Object.entries(files)) {
      const file = join(temporary, name)
      if (dirname(file) !== temporary) await fileSystem.makeFolder(dirname(file))
      await fileSystem.write(file, toBytes(contents))
    }
    movedAside = await fileSystem.rename(target, replaced).then(
      () => true,
      (error) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
        throw error
      },
    )
    await fileSystem.rename(temporary, target)
  } catch (cause) {
    if (movedAside) await fileSystem.rename(replaced, target).catch(() => {})
    await fileSystem.remove(temporary).catch(() => {})
    throw writeFailed(target, cause)
  }
  // The new folder stands: an old one that can't be removed costs disk space, nothing else.
  if (movedAside) await fileSystem.remove(replaced).catch(() => {})
}

const toBytes = (contents: FileContents): Uint8Array => (typeof contents === 'string' ? new TextEncoder().encode(contents) : contents)

const remedies: Record<string, string> = {
  ENOSPC: 'The disk is full: free space or choose another place.',
  EROFS: 'The disk is read-only: choose another place.',
  EACCES: 'Permission is denied: choose another place or change its permissions.',
  EPERM: 'Permission is denied: choose another place or change its permissions.',
}

function writeFailed(file: string, cause: unknown): KdError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const reason = code || (cause as Error).message
  return new KdError({
    kind: 'io',
    what: `writing failed with ${reason}; what was there before is unchanged`,
    where: { file },
    fix: remedies[code] ?? 'Check the path and the disk.',
    cause,
  })
}
