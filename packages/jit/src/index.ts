export { engine } from './engines/bound.ts'
export type { EngineInfo } from './engines/engine.ts'
export { type JitFunction, type JitOptions, jitFunction as jit } from './jit.ts'
export { type LoadOnnxOptions, loadOnnx, type OnnxSession } from './load-onnx.ts'
export { type AdadeltaOptions, adadelta } from './optimizers/adadelta.ts'
export { type AdamOptions, type AdamWOptions, adam, adamW } from './optimizers/adam.ts'
export type { Optimizer, UpdateArguments } from './optimizers/optimizer.ts'
export type { OnnxTensor, OnnxValues } from './tensor.ts'
export type {
  RowTable,
  StepBatch,
  StepContext,
  StepInputs,
  StepRunOptions,
  TrainStep,
  TrainStepOptions,
} from './train-step/options.ts'
export { trainStep } from './train-step/train-step.ts'
