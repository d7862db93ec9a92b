const strings = 'computes with strings, which ONNX Runtime does not share with TensorFlow.js'
const valueShape = 'has a result whose shape depends on values'
const ragged = 'has ragged rows, whose lengths depend on values'

/** The kernels of TensorFlow.js that can't be traced, each with the reason, as the end of "it ...". */
export const refused: Readonly<Record<string, string>> = {
  Draw: 'draws on a canvas',
  FromPixels: 'reads a picture of the browser',
  Multinomial: 'draws random numbers from a shared stream',
  NonMaxSuppressionV3: valueShape,
  NonMaxSuppressionV4: valueShape,
  NonMaxSuppressionV5: valueShape,
  RaggedGather: ragged,
  RaggedRange: ragged,
  RaggedTensorToTensor: ragged,
  SparseFillEmptyRows: valueShape,
  SparseReshape: 'makes a shape out of values',
  SparseSegmentMean: valueShape,
  SparseSegmentSum: valueShape,
  StaticRegexReplace: strings,
  StringNGrams: strings,
  StringSplit: strings,
  StringToHashBucketFast: strings,
  Unique: valueShape,
}

const integers = 'a product of integers that overflows keeps its low bits, where TensorFlow.js rounds above 2^53'
const sameGradient = 'refused with dilations or with a size that was rounded up, which TensorFlow.js leaves out of gradients'
const negativePadding = 'refused with padding "same" and strides longer than the window'
const emptyWindows = 'refused for integers and with padding as wide as the window'
const duplicates = 'refused for indices out of range, also where TensorFlow.js reads or writes elsewhere'

/** Where a lowering takes less than its kernel, or differs from it: what the table of operations says of it. */
export const limits: Readonly<Record<string, string>> = {
  AvgPool: emptyWindows,
  AvgPool3D: `${emptyWindows}; ${negativePadding}`,
  BatchMatMul: 'refused for truth values',
  Conv2DBackpropFilter: sameGradient,
  Conv2DBackpropInput: sameGradient,
  Conv3D: negativePadding,
  DepthwiseConv2dNative: 'refused with channels first',
  DepthwiseConv2dNativeBackpropFilter: sameGradient,
  DepthwiseConv2dNativeBackpropInput: sameGradient,
  FusedDepthwiseConv2D: 'refused with channels first',
  GatherNd: duplicates,
  MaxPool: emptyWindows,
  MaxPool3D: `${emptyWindows}; ${negativePadding}`,
  MaxPoolWithArgmax: emptyWindows,
  Mean: 'adds first and divides then: a sum above 3.4e38 is infinite',
  Multiply: integers,
  ResizeNearestNeighborGrad: "right for each image of a batch, where TensorFlow.js's cpu backend reads elsewhere from the second on",
  ScatterNd: duplicates,
  SparseToDense: duplicates,
  SquaredDifference: integers,
  StridedSlice: "right for steps beside an axis that is left out, where TensorFlow.js's cpu backend reads elsewhere",
  TensorScatterUpdate: duplicates,
  TopK: 'always ordered, also with sorted = false; equal infinities by their place',
  Transform: "all images of a batch, where TensorFlow.js's cpu backend leaves off after the first",
}
