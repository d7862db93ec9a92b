export { engine } from './engines/bound.ts'
export type { EngineInfo } from './engines/engine.ts'
export { type LoadOnnxOptions, loadOnnx, type OnnxSession } from './load-onnx.ts'
export type { OnnxTensor, OnnxValues } from './tensor.ts'
