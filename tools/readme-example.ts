import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

/** An example of a document. */
export interface Example {
  /** What it printed. */
  readonly printed: string
  /** What the document's next `text` block says that it prints. */
  readonly promised: string | undefined
}

export interface RunOptions {
  /** Folder that the examples run in. Default: the package's. */
  cwd?: string
  /** Variables of the environment, besides this process's own. */
  env?: Readonly<Record<string, string>>
}

/** Runs the n-th TypeScript block of a package's README in a process of its own, from the package's folder and on sources, as a user would. */
export async function runReadmeExample(folder: string, n = 0): Promise<Example> {
  const [example] = await run(join(folder, 'README.md'), folder, (all) => all.slice(n, n + 1), {})
  return example!
}

/** Runs all TypeScript blocks of a document in one process, one after another, as if they stood in the package in `folder`. */
export function runExamples(document: string, folder: string, options: RunOptions = {}): Promise<Example[]> {
  return run(document, folder, (all) => all, options)
}

interface Block {
  readonly code: string
  readonly promised: string | undefined
}

async function run(
  document: string,
  folder: string,
  choose: (blocks: readonly Block[]) => readonly Block[],
  { cwd = folder, env }: RunOptions,
): Promise<Example[]> {
  const blocks = choose(blocksOf(await readFile(document, 'utf8')))
  if (blocks.length === 0) throw new Error(`${document} has no such TypeScript block`)
  const id = randomUUID()
  const name = basename(document, '.md').toLowerCase()
  // In the package, whose name they may import; in a folder that no check reads, should this process be killed.
  const place = join(folder, '.vitest')
  const files = blocks.map((_, index) => join(place, `${name}-${index}-${id}.mts`))
  const main = join(place, `${name}-${id}.mts`)
  try {
    await mkdir(place, { recursive: true })
    await Promise.all(files.map((file, index) => writeFile(file, blocks[index]!.code)))
    await writeFile(main, files.map((file) => `await import(${JSON.stringify(file)})\nconsole.log('${id}')\n`).join(''))
    const program = ['--conditions=@kd/source', '--import', import.meta.resolve('tsx'), main]
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd, env: { ...process.env, ...env } })
    const printed = stdout.split(`${id}\n`)
    return blocks.map(({ promised }, index) => ({ printed: printed[index]!, promised }))
  } finally {
    await Promise.all([...files, main].map((file) => rm(file, { force: true })))
  }
}

function blocksOf(text: string): Block[] {
  const blocks = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({ language, code: code! }))
  return blocks.flatMap(({ language, code }, at) => {
    const next = blocks[at + 1]
    return language === 'ts' ? [{ code, promised: next?.language === 'text' ? next.code : undefined }] : []
  })
}
