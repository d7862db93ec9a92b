import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it('a process may end while a run is under way', async () => {
  const program = fileURLToPath(new URL('../../../fixtures/exit-while-running.ts', import.meta.url))
  const ended = await new Promise<[code: unknown, stderr: string]>((resolve) => {
    execFile(process.execPath, ['--conditions=@kd/source', '--import', 'tsx', program], (error, _, stderr) => {
      resolve([error?.signal ?? error?.code, stderr])
    })
  })
  expect(ended).toEqual([3, ''])
})
