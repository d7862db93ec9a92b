import { jitFunction } from './jit.ts'
import { jitStep } from './jit-step.ts'
import { profile } from './profile.ts'

/** A function of tensors as one graph, `jit(fn)`; a model's training step, `jit.step(model, optimizer, loss)`; `jit.profile(work)`. */
export const jit: typeof jitFunction & { readonly step: typeof jitStep; readonly profile: typeof profile } = Object.assign(jitFunction, {
  step: jitStep,
  profile,
})

export { engine, useEngine } from './engines/bound.ts'
export type { EngineInfo, EngineName, EngineOptions } from './engines/engine.ts'
export { type Int8Matrix, int8MatMul, int8Matrix } from './int8-product.ts'
export type { JitFunction, JitOptions } from './jit.ts'
export type { JitStep, JitStepOptions, StepLoss } from './jit-step.ts'
export { type LoadOnnxOptions, loadOnnx, type OnnxSession } from './load-onnx.ts'
export { type AdadeltaOptions, adadelta } from './optimizers/adadelta.ts'
export { type AdamOptions, type AdamWOptions, adam, adamW } from './optimizers/adam.ts'
export type { Optimizer, UpdateArguments } from './optimizers/optimizer.ts'
export type { Profile, ProfileRow } from './profile.ts'
export type { OnnxTensor, OnnxValues } from './tensor.ts'
export { type OnnxInput, type OnnxSignature, type ToOnnxOptions, toOnnx } from './to-onnx.ts'
export type {
  DataParallel,
  RowTable,
  StepBatch,
  StepContext,
  StepInputs,
  StepRunOptions,
  TrainStep,
  TrainStepOptions,
} from './train-step/options.ts'
export { trainStep } from './train-step/train-step.ts'
