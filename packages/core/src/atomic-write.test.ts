import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFileAtomic, writeFolderAtomic } from './atomic-write.ts'
import { KdError } from './error.ts'
import { FailingFileSystem } from './fakes/failing-file-system.ts'
import { nodeFileSystem } from './file-system.ts'

let place: string
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'kd-atomic-'))
})
afterEach(() => rm(place, { recursive: true, force: true }))

/** A digest of all names and bytes below a folder. */
async function digest(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name)
    hash.update(path.slice(folder.length)).update(entry.isFile() ? await readFile(path) : '/')
  }
  return hash.digest('hex')
}

async function failure(work: Promise<unknown>): Promise<KdError> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  if (!KdError.isInstance(error)) throw error ?? new Error('it succeeded')
  return error
}

const model = { 'config.json': '{"formatVersion":1}', 'model.safetensors': Uint8Array.of(1, 2, 3, 4), 'words/vocabulary.txt': 'a\nb\n' }
const newer = { 'config.json': '{"formatVersion":1,"newer":true}', 'model.safetensors': new Uint8Array(64), 'words/vocabulary.txt': 'c\n' }

const situations = [
  ['a file where there was none', false, writeFileAtomic, 'report.json', 'old', 'new'],
  ['a file over an older one', true, writeFileAtomic, 'report.json', 'old', 'new'],
  ['a folder where there was none', false, writeFolderAtomic, 'student', model, newer],
  ['a folder over an older one', true, writeFolderAtomic, 'student', model, newer],
] as const

describe.each(situations)('writing %s', (_, before, write, name, old, contents) => {
  const save = write as (path: string, contents: unknown, options?: { fileSystem: FailingFileSystem }) => Promise<void>
  const prepare = async () => {
    await writeFile(join(place, 'neighbour.txt'), 'untouched')
    if (before) await save(join(place, name), old)
    return digest(place)
  }

  it('leaves what was written and nothing else', async () => {
    await prepare()
    await save(join(place, name), contents)
    expect((await readdir(place)).sort()).toEqual(['neighbour.txt', name].sort())
    if (typeof contents === 'string') expect(await readFile(join(place, name), 'utf8')).toBe(contents)
    else for (const [file, bytes] of Object.entries(contents)) expect(await readFile(join(place, name, file))).toEqual(Buffer.from(bytes))
  })

  it('makes the folders above it', async () => {
    await save(join(place, 'deep', 'er', name), contents)
    expect(await readdir(join(place, 'deep', 'er'))).toEqual([name])
  })

  it.each(['ENOSPC', 'EROFS', 'EIO'] as const)('leaves everything as it was when any change fails with %s', async (code) => {
    const was = await prepare()
    const whole = new FailingFileSystem(Number.POSITIVE_INFINITY)
    await save(join(place, name), contents, { fileSystem: whole })
    expect(whole.changes).toBeGreaterThan(2)
    for (let failAt = 1; failAt <= whole.changes; failAt++) {
      await rm(join(place, name), { recursive: true, force: true })
      if (before) await save(join(place, name), old)
      const error = await failure(save(join(place, name), contents, { fileSystem: new FailingFileSystem(failAt, code) }))
      expect(error).toMatchObject({ kind: 'io', what: `writing failed with ${code}; what was there before is unchanged` })
      expect(error.where.file).toBe(join(place, name))
      expect(error.fix).toBeTruthy()
      expect(await digest(place)).toBe(was)
    }
  })

  it('loses nothing on a disk that fails from some change on, and says where the old contents are', async () => {
    await prepare()
    const whole = new FailingFileSystem(Number.POSITIVE_INFINITY)
    await save(join(place, name), contents, { fileSystem: whole })
    for (let failAt = 1; failAt <= whole.changes; failAt++) {
      await rm(place, { recursive: true })
      await mkdir(place)
      const was = await prepare()
      const error = await failure(save(join(place, name), contents, { fileSystem: new FailingFileSystem(failAt, 'EROFS', true) }))
      const elsewhere = /unchanged in (.*)$/.exec(error.what)?.[1]
      if (elsewhere) await nodeFileSystem.rename(elsewhere, join(place, name))
      expect(await digest(place)).toBe(was)
    }
  })
})

describe('writeFolderAtomic replaces only what it could have written', () => {
  it('takes an empty folder', async () => {
    await mkdir(join(place, 'student'))
    await writeFolderAtomic(join(place, 'student'), model)
    expect((await readdir(join(place, 'student'))).sort()).toEqual(['config.json', 'model.safetensors', 'words'])
  })

  it("refuses a folder with somebody's own files, unless they are named", async () => {
    await writeFile(join(place, 'thesis.txt'), 'years of work')
    const was = await digest(place)
    const error = await failure(writeFolderAtomic(place, model))
    expect(error).toMatchObject({ kind: 'option', what: 'the folder holds thesis.txt, which would be lost' })
    expect(await digest(place)).toBe(was)
    await writeFolderAtomic(place, model, { mayReplace: ['thesis.txt'] })
    expect((await readdir(place)).sort()).toEqual(['config.json', 'model.safetensors', 'words'])
  })

  it('refuses the place of a file', async () => {
    await writeFile(join(place, 'reviews.csv'), 'text,label')
    const error = await failure(writeFolderAtomic(join(place, 'reviews.csv'), model))
    expect(error).toMatchObject({ kind: 'option', what: 'it is a file, where a folder was to be written' })
    expect(await readFile(join(place, 'reviews.csv'), 'utf8')).toBe('text,label')
  })
})

it('two writers at once leave one whole folder', async () => {
  const path = join(place, 'student')
  await Promise.allSettled([writeFolderAtomic(path, model), writeFolderAtomic(path, newer)])
  const config = await readFile(join(path, 'config.json'), 'utf8')
  const words = await readFile(join(path, 'words', 'vocabulary.txt'), 'utf8')
  expect([model, newer].some((one) => one['config.json'] === config && one['words/vocabulary.txt'] === words)).toBe(true)
})

it('writing below a file fails with kind `io`', async () => {
  await writeFile(join(place, 'file'), 'x')
  expect((await failure(writeFileAtomic(join(place, 'file', 'below.json'), 'x'))).kind).toBe('io')
})

describe('writing a file from pieces', () => {
  async function* pieces(failure?: Error): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1, 2)
    yield Uint8Array.of(3)
    if (failure) throw failure
  }

  it('joins them', async () => {
    await writeFileAtomic(join(place, 'table'), pieces())
    expect([...(await readFile(join(place, 'table')))]).toEqual([1, 2, 3])
  })

  it('keeps what was there when they fail, with their own error', async () => {
    await writeFile(join(place, 'table'), 'old')
    const own = new KdError({ kind: 'data', what: 'a row is damaged' })
    expect(await failure(writeFileAtomic(join(place, 'table'), pieces(own)))).toBe(own)
    expect((await failure(writeFileAtomic(join(place, 'table'), pieces(new Error('broken'))))).kind).toBe('io')
    for (const failAt of [2, 3]) {
      const fileSystem = new FailingFileSystem(failAt)
      expect((await failure(writeFileAtomic(join(place, 'table'), pieces(), { fileSystem }))).kind).toBe('io')
    }
    expect(await readFile(join(place, 'table'), 'utf8')).toBe('old')
    expect(await readdir(place)).toEqual(['table'])
  })
})
