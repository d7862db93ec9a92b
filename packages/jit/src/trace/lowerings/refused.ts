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
