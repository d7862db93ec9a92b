import { writeSafetensors } from '@kd/core'
import { selfCheckJson } from '../self-check.ts'
import { configWithLabels } from './labels.ts'
import type { BertModel } from './model.ts'
import { modelFiles } from './model-files.ts'
import { tensorsOf } from './tensors-of.ts'

type Contents = Pick<BertModel, 'config' | 'configJson' | 'weights' | 'tokenizerJson' | 'settings' | 'selfCheck'> & {
  readonly labels: readonly string[]
}

/** What a file of int8 weights says about itself. */
export const int8Metadata = { format: 'pt', 'kd.quantization': 'int8, symmetric, a scale a row' } as const

/** The files of a model folder by name. */
export function modelContents({
  config,
  configJson,
  weights,
  tokenizerJson,
  settings,
  selfCheck,
  labels,
}: Contents): Record<string, Uint8Array | string> {
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
  const metadata = 'int8' in weights.wordEmbeddings ? int8Metadata : { format: 'pt' }
  return {
    [modelFiles.config]: json(configWithLabels(configJson, labels)),
    [modelFiles.weights]: writeSafetensors(tensorsOf(weights, config), metadata),
    [modelFiles.tokenizer]: JSON.stringify(tokenizerJson),
    ...(settings && { [modelFiles.tokenizerConfig]: json(settings) }),
    ...(selfCheck && { [modelFiles.selfCheck]: json(selfCheckJson(selfCheck)) }),
  }
}
