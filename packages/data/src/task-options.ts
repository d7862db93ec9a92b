import type { Columns, ReadOptions } from './read-options.ts'
import { openTable } from './rows/open-table.ts'
import type { FoundFiles, PartName } from './task-files.ts'
import type { TaskSpec } from './tasks.ts'

interface PartFile {
  readonly part: PartName
  readonly file: string
  readonly layout: FoundFiles['layout']
  /** Where the file has columns of its own. */
  readonly columns: Columns | undefined
}

/** How a file of a task's part is read. A test part may have no label column, or `-1` in it. */
export async function partOptions(spec: TaskSpec, { part, file, layout, columns }: PartFile): Promise<ReadOptions> {
  const { headerless, cutRows } = spec.quirks ?? {}
  const isTest = part === 'test' || part === 'testMismatched'
  const shared: ReadOptions = { ...(isTest && { unlabelled: '-1' }), ...(cutRows && { incomplete: 'skip' }) }
  const labelled = (names: Columns): ReadOptions => ({ ...shared, columns: isTest ? { ...names, label: undefined } : names })
  if (columns) return labelled(columns)
  const hubColumns = { ...spec.hubColumns, label: 'label' }
  if (layout === 'parquet') return labelled(hubColumns)
  const header = await headerOf(file)
  const has = (names: Columns) =>
    [names.text, names.pair, isTest || names.label].every((name) => typeof name !== 'string' || header.includes(name))
  const isHub = has(hubColumns) && (headerless !== undefined || !has(spec.columns))
  if (isHub) return labelled(hubColumns)
  return headerless ? { ...labelled(isTest ? headerless.testColumns : spec.columns), header: isTest } : labelled(spec.columns)
}

/** The first row of a TSV file. */
async function headerOf(file: string): Promise<readonly string[]> {
  const { header, close } = await openTable(file, { format: 'tsv' })
  await close()
  return header
}
