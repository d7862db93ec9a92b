export type { Arithmetic } from './onnx-products.ts'
export { type QuantizeOptions, quantizeCheckpoint } from './quantize-checkpoint.ts'
export { BertTeacher, type BertTeacherOptions } from './teacher.ts'
export type { WordVectorOptions } from './word-vectors.ts'
