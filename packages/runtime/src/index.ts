export {
  type Channels,
  channelNames,
  checkConfig,
  type DropoutRates,
  formatVersion,
  type ModelConfig,
  tensorShapes,
} from './model-config.ts'
export { type Model, type ModelBytes, modelFiles, readModel, writeModel } from './model-file.ts'
export { tokenize } from './tokenize.ts'
export { tokenizerJson } from './tokenizer-json.ts'
export { type TokenizerRule, tokenizerRules } from './tokenizer-rules.ts'
export { maskId, paddingId, specialWords, unknownId, Vocabulary, type VocabularyOptions } from './vocabulary.ts'
