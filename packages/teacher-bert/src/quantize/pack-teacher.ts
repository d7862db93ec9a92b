import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, type Example, KdError } from '@kd/core'
import { type FileSystem, writeFolderAtomic } from '@kd/core/node'
import { cardFile, cardSection, teacherCard } from '../card.ts'
import { type FindOptions, findModel } from '../checkpoint/find-model.ts'
import { modelContents } from '../checkpoint/model-contents.ts'
import { modelFiles } from '../checkpoint/model-files.ts'
import { BertTeacher, modelOf } from '../teacher.ts'
import type { QuantizationCheck } from './check.ts'
import { type QuantizeOptions, quantize } from './quantize-teacher.ts'

export interface PackTeacherOptions extends Omit<QuantizeOptions, 'name' | 'dev'>, Pick<FindOptions, 'from' | 'hub'> {
  /** Labelled examples that nothing was trained on: the teacher is evaluated on them before and after. */
  dev: Dataset | Iterable<Example>
  /** The package's folder. Default: the last part of its name, in the current folder. */
  to?: string
  /** Names of the classes in the order of the logits. Default: those it has. */
  labels?: readonly string[]
  /** Of package.json. Default: `1.0.0`. */
  version?: string
  /** Of package.json, an SPDX name; the base's licence binds its weights. Default: `UNLICENSED`. */
  license?: string
  /** Of package.json. */
  description?: string
  /** Further sections of the card: Markdown by heading. */
  sections?: Readonly<Record<string, string>>
  fileSystem?: FileSystem
}

export interface PackedTeacher {
  readonly folder: string
  /** Names of its files. */
  readonly files: readonly string[]
  /** Of all of them. */
  readonly bytes: number
  readonly check: QuantizationCheck
}

const packageFile = 'package.json'
/** npm's rule for new names. */
const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/
const longestName = 214

/** The section that `fineTune` writes into a card. */
const training = 'Fine-tuning'

/**
 * Makes an npm package of a fine-tuned checkpoint: weights in int8, tokeniser, stored answers that loading compares, a card
 * with its metric in single precision and int8, and `package.json`. Publish it with `npm publish`, or install it from where
 * it lies; then `BertTeacher.load(name)` is the teacher.
 * @param source a Hugging Face folder, such as `teacher.save` writes, an installed package or a repository of the hub
 * @param name the package's, such as `@our/tickets-teacher`
 * @throws KdError as `BertTeacher.load` and `quantize`, and of kind `io`; nothing half-written is left
 */
export async function packTeacher(source: string, name: string, options: PackTeacherOptions): Promise<PackedTeacher> {
  const { to = name.split('/').at(-1)!, labels, version = '1.0.0', license = 'UNLICENSED', description, fileSystem } = options
  if (name.length > longestName || !packageName.test(name)) {
    throw new KdError({ kind: 'option', what: `${JSON.stringify(name)} is no name of an npm package`, where: { option: 'name' } })
  }
  const { from, hub, threads } = options
  const found = await findModel(source, { from, hub })
  const exact = await BertTeacher.of(found, { labels, threads, arithmetic: 'float32' })
  const trained = cardSection(await readFile(join(found.folder, cardFile), 'utf8').catch(() => ''), training)
  try {
    const { teacher, check } = await quantize(exact, { ...options, name })
    await teacher.dispose()
    const model = modelOf(teacher)
    const sections = { ...(trained && { [training]: trained }), ...model.sections, ...options.sections }
    const files: Record<string, Uint8Array | string> = {
      ...modelContents({ ...model, labels: teacher.labels }),
      [cardFile]: teacherCard({ teacher, config: model.config, int8: true, name, license, sections }),
    }
    const manifest = {
      name,
      version,
      license,
      description: description ?? `A ${model.config.family} classifier in int8: ${teacher.labels.join(', ')}`,
      files: Object.keys(files).filter((file) => file !== cardFile),
      exports: { './package.json': './package.json', './*': './*' },
    }
    files[packageFile] = `${JSON.stringify(manifest, null, 2)}\n`
    await writeFolderAtomic(to, files, { fileSystem, mayReplace: [...Object.values(modelFiles), cardFile, packageFile] })
    const bytes = Object.values(files).reduce((sum, contents) => sum + Buffer.byteLength(contents), 0)
    return { folder: to, files: Object.keys(files), bytes, check: check! }
  } finally {
    await exact.dispose()
  }
}
