import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { KdError } from '@kd/core'
import { writeFileAtomic } from '@kd/core/node'
import type { HubFile } from './repository.ts'
import type { HubSettings } from './settings.ts'

/** One repository's folder in the cache, laid out as Python's `huggingface_hub` does. */
export class RepositoryCache {
  readonly folder: string

  constructor(id: string, { cache, type }: HubSettings) {
    this.folder = join(cache, `${type}s--${id.replaceAll('/', '--')}`)
  }

  /** Where a commit's files appear under their own names. */
  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  /** Where a file's bytes lie. */
  blob({ hash }: HubFile): string {
    return join(this.folder, 'blobs', hash)
  }

  /** The commit that a branch or tag stood at when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    const text = await readFile(join(this.folder, 'refs', revision), 'utf8').catch(() => '')
    return /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : undefined
  }

  async setCommit(revision: string, commit: string): Promise<void> {
    await writeFileAtomic(join(this.folder, 'refs', revision), commit)
  }

  /** Paths of a commit's files that are there, sorted. */
  async filesOf(commit: string): Promise<string[]> {
    const root = this.snapshot(commit)
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
    const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
    const there = await Promise.all(paths.map((path) => isWhole(path)))
    return paths
      .filter((_, index) => there[index])
      .map((path) => relative(root, path).split(sep).join('/'))
      .sort()
  }

  /** Whether a file's bytes are there. */
  async has(file: HubFile): Promise<boolean> {
    return isWhole(this.blob(file), file.size)
  }

  /** Makes a file appear in a commit's folder: a link to its bytes, a copy where the system has no links. */
  async show(commit: string, file: HubFile): Promise<void> {
    const place = join(this.snapshot(commit), file.path)
    const temporary = `${place}.${randomUUID()}.partial`
    try {
      await mkdir(dirname(place), { recursive: true })
      const target = relative(dirname(place), this.blob(file))
      await symlink(target, temporary).catch(() => copyFile(this.blob(file), temporary))
      await rename(temporary, place)
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => {})
      throw cacheFailed(place, cause)
    }
  }

  async makeFolders(): Promise<void> {
    const place = join(this.folder, 'blobs')
    await mkdir(place, { recursive: true }).catch((cause) => {
      throw cacheFailed(place, cause)
    })
  }
}

const cacheFailed = (file: string, cause: unknown) =>
  new KdError({
    kind: 'io',
    what: `the cache can't be written: ${(cause as NodeJS.ErrnoException).code ?? cause}`,
    where: { file },
    fix: 'Check the folder and its permissions, or choose another by HF_HUB_CACHE.',
    cause,
  })

const isWhole = (path: string, size?: number): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isFile() && (size === undefined || facts.size === size),
    () => false,
  )
