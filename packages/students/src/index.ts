export { type BilstmOptions, bilstm, type StudentDescription } from './bilstm/description.ts'
export { BilstmLayer, type BilstmLayerOptions } from './bilstm/layer.ts'
export { type CreateStudentOptions, createStudent } from './create-student.ts'
export { loadStudent } from './load-student.ts'
export type {
  Prediction,
  RowTable,
  SaveOptions,
  Student,
  StudentTraining,
  TrainingBatch,
  TrainingContext,
} from './student.ts'
export { readVectors } from './vectors/read-vectors.ts'
