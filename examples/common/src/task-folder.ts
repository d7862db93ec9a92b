import { KdError } from '@kd/core'
import type { TaskName } from '@kd/data'
import { hubTask } from '@kd/data/hub'
import type { Watched } from './in-terminal.ts'

/**
 * The folder of a task's data: the one that was given, or for `glue` that of GLUE's files from the Hugging Face hub,
 * downloaded unless they are in its cache.
 * @throws KdError that says what else to give
 */
export async function taskFolder(name: TaskName, data: string, { signal, onProgress }: Partial<Watched> = {}): Promise<string> {
  if (data !== 'glue') return data
  try {
    return await hubTask(name, { retries: 3, signal, onProgress })
  } catch (cause) {
    if (!KdError.isInstance(cause) || cause.kind === 'aborted') throw cause
    throw new KdError({
      kind: cause.kind,
      what: `${name} of GLUE can't be fetched: ${cause.what}`,
      where: cause.where,
      fix: `${cause.fix} Or give a folder with its files instead: --data DIR.`,
      cause,
    })
  }
}
