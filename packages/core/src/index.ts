export { type PlannedBatch, planEpoch } from './batch-plan.ts'
export { KdError, type KdErrorFacts, type KdErrorKind, type KdErrorPlace, throwIfAborted } from './error.ts'
export { type Dataset, dataset, type Example, type MetricName, type Task, textKey } from './example.ts'
export { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from './float16.ts'
export type { OnProgress, ProgressEvent, Stage } from './progress.ts'
export { philox4x32, Random } from './random.ts'
export {
  readSafetensors,
  type Safetensors,
  type SafetensorsTensor,
  type SafetensorsType,
  type TensorData,
  type TensorToWrite,
  toFloat32,
  writeSafetensors,
} from './safetensors.ts'
export { joinShards, parseSafetensorsIndex, type SafetensorsIndex } from './safetensors-index.ts'
export type { LogitsOptions, Teacher, WordVectors } from './teacher.ts'
