export {
  type Channels,
  channelNames,
  checkConfig,
  type DropoutRates,
  formatVersion,
  type ModelConfig,
  modelFiles,
  packedFormatVersion,
  tensorShapes,
  type WeightType,
} from './model-config.ts'
export { type Model, type ModelBytes, readConfig, readModel } from './model-file.ts'
export { readPacked } from './packed-file.ts'
export { type PackedMatrix, type PackedRows, type PackedStudent, packMatrix } from './packed-student.ts'
export { type Prediction, predictionOf } from './prediction.ts'
export { type Comparison, checkEncoded, comparisonOf, type Encoded, type Match } from './serve/compare.ts'
export { type LoadOptions, load, type Source } from './serve/load.ts'
export type { Input, RuntimeStudent } from './serve/runtime-student.ts'
export { packedRows } from './serve/served.ts'
export { tokenize } from './tokenize.ts'
export { tokenizerJson } from './tokenizer-json.ts'
export { type TokenizerRule, tokenizerRules } from './tokenizer-rules.ts'
export { maskId, paddingId, specialWords, unknownId, Vocabulary, type VocabularyOptions } from './vocabulary.ts'
export { continuation } from './word-pieces.ts'
export { writeModel } from './write-model.ts'
export { writePacked } from './write-packed.ts'
