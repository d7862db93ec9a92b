import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Runs the n-th TypeScript block of a package's README in a process of its own, from the package's folder and on
 * sources, as a user would run it.
 * @returns what it printed, and what the README's next `text` block says that it prints
 */
export async function runReadmeExample(folder: string, n = 0): Promise<{ printed: string; promised: string | undefined }> {
  const readme = await readFile(join(folder, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  const at = blocks.findIndex((block) => block === blocks.filter(([, language]) => language === 'ts')[n])
  const code = blocks[at]?.[2]
  if (code === undefined) throw new Error(`${folder}/README.md has no TypeScript block ${n}`)
  const next = blocks[at + 1]
  const file = join(folder, `readme-${randomUUID()}.mts`)
  await writeFile(file, code)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@kd/source', '--import', 'tsx', file], { cwd: folder })
    return { printed: stdout, promised: next?.[1] === 'text' ? next[2] : undefined }
  } finally {
    await rm(file, { force: true })
  }
}
