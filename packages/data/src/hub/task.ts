import { KdError } from '@kd/core'
import { hubFiles, type PartName } from '../task-files.ts'
import { type TaskName, tasks } from '../tasks.ts'

/**
 * Of a repository's paths, the Parquet files of a task: all of each part, so that a cache that holds some is not taken
 * for the whole.
 * @throws KdError of kind `missing`
 */
export function taskPaths(name: TaskName, paths: readonly string[]): string[] {
  const names = paths.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1))
  const { files } = tasks[name]
  return (Object.keys(files) as PartName[]).flatMap((part) => {
    const found = hubFiles(names, part, files)
    const wanted = Number(/-of-(\d{5})\./.exec(found[0] ?? '')?.[1] ?? 1)
    if (found.length !== wanted) {
      throw new KdError({
        kind: 'missing',
        what: `of ${name}'s part ${part} ${found.length} of ${wanted} Parquet files are there`,
        fix: 'Load it once with a network, without HF_HUB_OFFLINE; a `revision` of your own must have Parquet files.',
      })
    }
    return found.map((file) => `${name}/${file}`)
  })
}
