import { join } from 'node:path'
import { KdError } from '@kd/core'
import { readFileBytes, readJsonFile } from '@kd/core/node'
import { exists, modelFiles } from '../checkpoint/model-files.ts'
import { byteLevelTokenizer } from './from-merges.ts'
import { tokenizerFromVocabulary } from './from-vocabulary.ts'
import { BertTokenizer } from './tokenizer.ts'

/** A folder's tokeniser. */
export interface ReadTokenizer {
  readonly tokenizer: BertTokenizer
  /** `tokenizer.json` as it stands, or as made from a vocabulary. */
  readonly tokenizerJson: object
  /** `tokenizer_config.json`, where there is one. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/**
 * The tokeniser of a Hugging Face folder: of `tokenizer.json`, else of `vocab.txt` (WordPiece), else of `vocab.json` and
 * `merges.txt` (byte-level BPE), with `tokenizer_config.json` beside it.
 * @throws KdError of kind `missing` or `format`
 */
export async function readTokenizer(folder: string): Promise<ReadTokenizer> {
  const path = (name: keyof typeof modelFiles) => join(folder, modelFiles[name])
  const settings = (await exists(path('tokenizerConfig')))
    ? ((await readJsonFile(path('tokenizerConfig'))) as Record<string, unknown>)
    : undefined
  const made = (tokenizerJson: object, file: string): ReadTokenizer => ({
    tokenizer: new BertTokenizer(tokenizerJson, settings, file),
    tokenizerJson,
    settings,
  })
  const text = async (name: keyof typeof modelFiles) => new TextDecoder().decode(await readFileBytes(path(name)))
  if (await exists(path('tokenizer'))) return made((await readJsonFile(path('tokenizer'))) as object, path('tokenizer'))
  if (await exists(path('vocabulary'))) {
    return made(tokenizerFromVocabulary(await text('vocabulary'), settings, path('vocabulary')), path('vocabulary'))
  }
  if ((await exists(path('bytePairs'))) && (await exists(path('merges')))) {
    return made(byteLevelTokenizer(await readJsonFile(path('bytePairs')), await text('merges'), path('bytePairs')), path('bytePairs'))
  }
  throw new KdError({
    kind: 'missing',
    what: `there is neither ${modelFiles.tokenizer} nor ${modelFiles.vocabulary} nor ${modelFiles.bytePairs} with ${modelFiles.merges}`,
    where: { file: folder },
    fix: 'Save the tokeniser beside the weights, in Python: `AutoTokenizer.from_pretrained(name).save_pretrained(folder)`.',
  })
}
