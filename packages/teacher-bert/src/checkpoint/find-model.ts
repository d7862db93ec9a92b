import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError } from '@kd/core'
import type { HubOptions } from '@kd/data/hub'
import { type ChosenFiles, chooseModelFiles } from './choose-files.ts'

export interface FindOptions {
  /** Folder, or `import.meta.url` of a file, whose project the package is looked up in. Default: `process.cwd()`. */
  from?: string
  /** How the hub is asked: `revision`, `cache`, `offline`, `token`, ... */
  hub?: HubOptions
  /** A file of an ONNX graph, by its path in the folder. */
  file?: string
}

/** A model's folder, with the name it goes by in reports. */
export interface FoundModel {
  readonly folder: string
  readonly name: string
  /** Of the folder's files those that hold the weights, relative to it. */
  readonly weights: ChosenFiles
}

const packageName = /^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i
const hubId = /^(?:hf:\/\/)?([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w./-]+))?$/

/**
 * Finds a model: the folder of that name, else the npm package as the project in `from` sees it, else, for `owner/name`
 * with or without `@revision`, the repository of the Hugging Face hub.
 * @throws KdError of kind `missing`; for a package it holds the command that installs it. Those of `hubSnapshot`
 */
export async function findModel(source: string, { from = process.cwd(), hub, file }: FindOptions = {}): Promise<FoundModel> {
  const base = from.startsWith('file:') ? dirname(fileURLToPath(from)) : resolve(from)
  const folder = resolve(base, source)
  const local = async (place: string): Promise<FoundModel> => ({
    folder: place,
    name: source,
    weights: chooseModelFiles(await filesOf(place), place, file),
  })
  if (await isFolder(folder)) return local(folder)
  if (!isAbsolute(source) && packageName.test(source)) return local(await findPackage(source, base))
  const [, id, revision] = hubId.exec(source) ?? []
  if (id !== undefined) return onHub(id, { ...hub, ...(revision !== undefined && { revision }) }, folder, file)
  throw new KdError({
    kind: 'missing',
    what: 'there is no such folder',
    where: { file: folder },
    fix: 'Give a Hugging Face model folder, the name of an installed package, or a repository of the hub ("owner/name").',
  })
}

async function findPackage(name: string, base: string): Promise<string> {
  const project = createRequire(join(base, 'from.js'))
  try {
    return dirname(project.resolve(`${name}/package.json`))
  } catch (cause) {
    // A package may keep its package.json to itself.
    for (const place of project.resolve.paths(name) ?? []) {
      if (await isFolder(join(place, name))) return join(place, name)
    }
    throw new KdError({
      kind: 'missing',
      what: `the package ${name} is not installed in the project of ${base}, and no folder there has that name`,
      fix: `npm install ${name}`,
      cause,
    })
  }
}

async function onHub(id: string, options: HubOptions, folder: string, file: string | undefined): Promise<FoundModel> {
  const { hubSnapshot } = await import('@kd/data/hub')
  let weights: ChosenFiles | undefined
  const snapshot = await hubSnapshot(
    id,
    (paths) => {
      weights = chooseModelFiles(paths, id, file)
      return weights.all
    },
    options,
  ).catch((error: unknown) => {
    if (!KdError.isInstance(error, 'missing')) throw error
    const { what, where, fix } = error
    throw new KdError({ kind: 'missing', what: `there is no folder ${folder}, and ${what}`, where, fix, cause: error })
  })
  return { folder: snapshot.folder, name: `${id}@${snapshot.commit.slice(0, 12)}`, weights: weights! }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )

/** Paths of a folder's files, those of `onnx/` among them. */
async function filesOf(folder: string): Promise<string[]> {
  const [top, onnx] = await Promise.all([readdir(folder), readdir(join(folder, 'onnx')).catch(() => [])])
  return [...top, ...onnx.map((name) => `onnx/${name}`)]
}
