/** Values and shape of a tensor outside TensorFlow.js, row-major; the array's class tells the element type. */
export interface OnnxTensor {
  readonly data: OnnxValues
  readonly shape: readonly number[]
}

/** float32, int32, int64, uint8 (or bool, where the model says so), int8. */
export type OnnxValues = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array
