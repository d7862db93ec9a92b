import { join } from 'node:path'
import { KdError } from '@kd/core'
import { RepositoryCache } from './hub/cache.ts'
import { downloadFile } from './hub/download.ts'
import { isCommit, listRepository } from './hub/repository.ts'
import { type HubOptions, type HubSettings, hubSettings } from './hub/settings.ts'
import { taskPaths } from './hub/task.ts'
import { checkTaskName, type TaskName } from './tasks.ts'

export type { Disk, GrowingFile } from './hub/disk.ts'
export type { HubOptions } from './hub/settings.ts'

/** Files of a repository at one commit, in the cache. */
export interface HubSnapshot {
  /** Where the files lie under their own paths. Read, never write. */
  readonly folder: string
  readonly commit: string
  /** Paths of the chosen files. */
  readonly files: readonly string[]
}

/**
 * Chooses files of a repository by their paths.
 * @throws KdError of kind `missing` where what is needed is not among them
 */
export type ChooseFiles = (paths: readonly string[]) => readonly string[]

/** `name` or `owner/name`, as the hub has them. */
const repositoryId = /^[\w.-]+(\/[\w.-]+)?$/

/**
 * Files of a Hugging Face repository, downloaded into the cache that Python uses too, unless they are there. Each file is
 * checked against the hash that the hub gives; files appear in the folder once all chosen ones are whole.
 * @param id such as `distilbert/distilbert-base-uncased`
 * @param choose of all paths of the repository, those wanted
 * @throws KdError of kind `option`, `missing` (no such repository, revision or file; offline: not in the cache), `io`
 * (network, disk, access), `format` (other bytes than promised) or `aborted`
 */
export async function hubSnapshot(id: string, choose: ChooseFiles, options: HubOptions = {}): Promise<HubSnapshot> {
  const settings = await hubSettings(options)
  if (!repositoryId.test(id) || /^\.|\/\.|\.\.|--/.test(id)) {
    throw new KdError({
      kind: 'option',
      what: `${JSON.stringify(id)} is no repository of the hub, such as "owner/name"`,
      where: { option: 'id' },
    })
  }
  const cache = new RepositoryCache(id, settings)
  if (settings.offline) return fromCache(id, choose, cache, settings)
  if (isCommit(settings.revision)) {
    // A commit does not change: what is chosen of it and there needs no network.
    const there = await fromCache(id, choose, cache, settings).catch(() => undefined)
    if (there) return there
  }
  return fromHub(id, choose, cache, settings)
}

/** GLUE as the hub has it, at the commit that brought its Parquet files. */
const glue = { id: 'nyu-mll/glue', revision: 'bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c' }

/**
 * A folder with a GLUE task's Parquet files, for `readTask`: downloaded as `hubSnapshot` does, unless they are there. The
 * commit is fixed, so the data is the same each time, and once downloaded no network is asked.
 * @param options `revision` is another commit of `nyu-mll/glue`
 * @throws as `hubSnapshot`
 */
export async function hubTask(name: TaskName, options: Omit<HubOptions, 'type'> = {}): Promise<string> {
  checkTaskName(name)
  const { revision = glue.revision } = options
  const { folder } = await hubSnapshot(glue.id, (paths) => taskPaths(name, paths), { ...options, revision, type: 'dataset' })
  return join(folder, name)
}

async function fromCache(id: string, choose: ChooseFiles, cache: RepositoryCache, { revision }: HubSettings): Promise<HubSnapshot> {
  const commit = isCommit(revision) ? revision : await cache.commitOf(revision)
  const paths = commit ? await cache.filesOf(commit) : []
  if (!commit || paths.length === 0) {
    throw new KdError({
      kind: 'missing',
      what: `${id}@${revision} is not in the cache, and the hub is not asked (offline)`,
      where: { file: cache.folder },
      fix: 'Load it once with a network, without HF_HUB_OFFLINE.',
    })
  }
  return { folder: cache.snapshot(commit), commit, files: choose(paths) }
}

async function fromHub(id: string, choose: ChooseFiles, cache: RepositoryCache, settings: HubSettings): Promise<HubSnapshot> {
  const { endpoint, type, revision } = settings
  const { commit, files } = await listRepository(id, settings)
  const byPath = new Map(files.map((file) => [file.path, file]))
  const chosen = choose([...byPath.keys()]).map((path) => byPath.get(path)!)
  await cache.makeFolders()
  for (const file of chosen) {
    const url = `${endpoint}/${type === 'dataset' ? 'datasets/' : ''}${id}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`
    if (!(await cache.has(file))) await downloadFile(url, file, cache.blob(file), settings)
  }
  for (const file of chosen) await cache.show(commit, file)
  if (!isCommit(revision)) await cache.setCommit(revision, commit)
  return { folder: cache.snapshot(commit), commit, files: chosen.map(({ path }) => path) }
}
