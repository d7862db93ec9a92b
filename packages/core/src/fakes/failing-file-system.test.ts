import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FailingFileSystem } from './failing-file-system.ts'

it('fails at the change it was told, leaves half of a write behind, and goes on unless it fails for good', async () => {
  const place = await mkdtemp(join(tmpdir(), 'kd-failing-'))
  const path = (name: string) => join(place, name)
  try {
    const once = new FailingFileSystem(2, 'ENOSPC')
    await once.makeFolder(path('folder'))
    await expect(once.write(path('a'), Uint8Array.of(1, 2, 3, 4))).rejects.toMatchObject({ code: 'ENOSPC' })
    expect([...(await once.read(path('a')))]).toEqual([1, 2])
    await once.write(path('b'), Uint8Array.of(1, 2))
    expect([...(await readFile(path('b')))]).toEqual([1, 2])
    expect(once.changes).toBe(3)

    const forGood = new FailingFileSystem(1, 'EROFS', true)
    await expect(forGood.rename(path('b'), path('c'))).rejects.toMatchObject({ code: 'EROFS' })
    await expect(forGood.rename(path('b'), path('c'))).rejects.toMatchObject({ code: 'EROFS' })
    expect(await forGood.list(place)).toEqual(['a', 'b', 'folder'])
    await forGood.remove(path('b'))
    expect(await readdir(place)).toEqual(['a', 'folder'])
  } finally {
    await rm(place, { recursive: true })
  }
})
