import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KdError } from '@kd/core'
import type { TaskFiles, TaskSpec } from './tasks.ts'

export type PartName = keyof TaskFiles

/** Where a task's parts were found: GLUE's TSV files, or the hub's Parquet files, which may be cut into several. */
export interface FoundFiles {
  readonly layout: 'tsv' | 'parquet'
  readonly parts: Partial<Record<PartName, readonly string[]>>
}

/**
 * The parts that a folder holds, train and dev among them.
 * @throws KdError of kind `missing`
 */
export async function findTaskFiles(folder: string, { files }: TaskSpec): Promise<FoundFiles> {
  const tsv: Partial<Record<PartName, readonly string[]>> = {}
  for (const [part, file] of Object.entries(files) as [PartName, string][])
    if (await exists(join(folder, file))) tsv[part] = [join(folder, file)]
  if (tsv.train && tsv.dev) return { layout: 'tsv', parts: tsv }

  const names = await readdir(folder).catch(() => [])
  const parquet: Partial<Record<PartName, readonly string[]>> = {}
  for (const part of Object.keys(files) as PartName[]) {
    const found = hubFiles(names, part, files)
    if (found.length > 0) parquet[part] = found.map((name) => join(folder, name))
  }
  if (parquet.train && parquet.dev) return { layout: 'parquet', parts: parquet }

  const lacking = (tsv.dev && files.train) || (tsv.train && files.dev) || `${files.train} and ${files.dev}`
  throw new KdError({
    kind: 'missing',
    what: `the folder has no ${lacking}`,
    where: { file: folder },
    fix: `Give the folder that holds ${files.train} and ${files.dev}, or the Parquet files of the Hugging Face hub.`,
  })
}

/** Of a folder's names, those of a part's Parquet files on the hub, in order: `train.parquet` or `train-00000-of-00002.parquet`. */
export function hubFiles(names: readonly string[], part: PartName, files: TaskFiles): string[] {
  const pattern = new RegExp(`^${hubName(part, files)}(-\\d{5}-of-\\d{5})?\\.parquet$`)
  return names.filter((name) => pattern.test(name)).sort()
}

/** The hub calls dev `validation`, MNLI's `validation_matched` and `validation_mismatched`. */
function hubName(part: PartName, { devMismatched }: TaskFiles): string {
  const isTwofold = devMismatched !== undefined
  const names: Record<PartName, string> = {
    train: 'train',
    dev: isTwofold ? 'validation_matched' : 'validation',
    test: isTwofold ? 'test_matched' : 'test',
    devMismatched: 'validation_mismatched',
    testMismatched: 'test_mismatched',
  }
  return names[part]
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
