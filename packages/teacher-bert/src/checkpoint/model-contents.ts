import { writeSafetensors } from '@kd/core'
import { configWithLabels } from './labels.ts'
import type { BertModel } from './model.ts'
import { modelFiles } from './model-files.ts'
import { tensorsOf } from './tensors-of.ts'

/** The files of a model folder by name. */
export function modelContents({
  config,
  configJson,
  weights,
  tokenizerJson,
  settings,
  labels,
}: Pick<BertModel, 'config' | 'configJson' | 'weights' | 'tokenizerJson' | 'settings'> & { readonly labels: readonly string[] }): Record<
  string,
  Uint8Array | string
> {
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
  return {
    [modelFiles.config]: json(configWithLabels(configJson, labels)),
    [modelFiles.weights]: writeSafetensors(tensorsOf(weights, config), { format: 'pt' }),
    [modelFiles.tokenizer]: JSON.stringify(tokenizerJson),
    ...(settings && { [modelFiles.tokenizerConfig]: json(settings) }),
  }
}
