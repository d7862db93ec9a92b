const noGraphs = 'it is about graphs, and nothing is traced'
const noRefusals = 'what a trace refuses, TensorFlow.js computes'
const runsAgain = 'it forbids the function to run again, which is how TensorFlow.js untraced works'
const noRuntime = 'it needs ONNX Runtime'
const ownErrors = 'errors are those of TensorFlow.js: wasm has others, or reads elsewhere'
const noKernel = "TensorFlow.js's wasm backend has no kernel for it"

const ownProcess = 'it runs programs of their own, on the engine that they find'
const nativeOnly = 'only the native engine has it'

type Tests = Readonly<Record<string, Readonly<Record<string, string>>>>

const tfjs: Tests = {
  'faults.test.ts': { 'bad numbers the index': ownErrors },
  'fused/fuse.test.ts': { '': noGraphs },
  'fused/scalars.test.ts': { '': noGraphs },
  'guide.test.ts': { "other people's models convnet": noKernel },
  'int8-product.test.ts': { "is exported in ONNX's own operators": noRuntime },
  'jit.test.ts': {
    'jit traces once a signature': noGraphs,
    'jit makes the steps of an optimizer of TensorFlow.js': noGraphs,
    'jit starts again after the worker died': noRuntime,
    'jit refuses a kernel that it can not trace': noRefusals,
    'jit refuses the reading of values': noRefusals,
    'jit refuses complex numbers, an async function': noRefusals,
    'jit refuses too many signatures': noGraphs,
    'jit refuses and leaves variables as they were': noRefusals,
  },
  'layers.test.ts': {
    'each layer of tfjs-layers, traced and not convLstm2d': noKernel,
    'each layer of tfjs-layers, traced and not batchNormalization of images': noKernel,
    'each layer of tfjs-layers, traced and not conv1d': noKernel,
    'each layer of tfjs-layers, traced and not conv2d': noKernel,
    'each layer of tfjs-layers, traced and not separableConv2d': noKernel,
    'each layer of tfjs-layers, traced and not depthwiseConv2d': noKernel,
    'each layer of tfjs-layers, traced and not categoryEncoding is refused': noRefusals,
    'each layer of tfjs-layers, traced and not randomWidth is refused': noRefusals,
  },
  'load-onnx.alone.test.ts': { '': noRuntime },
  'profile.test.ts': { '': noRuntime },
  'readme.test.ts': { '': ownProcess },
  'side-effects.test.ts': {
    'held variables': noGraphs,
    'what a trace can not hold is refused with its line': noRefusals,
    signatures: noGraphs,
  },
  'tfjs-training.test.ts': { 'what TensorFlow.js has for training, traced and not': runsAgain },
  'to-onnx.test.ts': { '': noRuntime },
  'trace/lowerings/windows.test.ts': { '': noGraphs },
  'trace/ops.test.ts': { '': `${noGraphs}: the rows compare lowerings with kernels` },
  'trace/special-values.test.ts': {
    'NaN, infinities and extremes': `${noGraphs}: the rows compare lowerings with kernels`,
    'an index that is not there is an error, and nothing is read elsewhere': ownErrors,
    'what a lowering does not take is refused by name': noRefusals,
  },
  'train-step/accumulate.test.ts': { 'gradient accumulation on two threads': 'it has one thread' },
  'train-step/parallel.test.ts': { '': 'parts are for workers of ONNX Runtime; TensorFlow.js takes batches whole' },
  'train-step/train-step.test.ts': {
    'trainStep traces once': noGraphs,
    'trainStep and variables that it does not train refuses': noRefusals,
    'trainStep without its worker': noRuntime,
  },
}

const web: Tests = {
  'load-onnx.alone.test.ts': {
    'loadOnnx runs on the native engine': nativeOnly,
    'loadOnnx takes denormal numbers for zero': nativeOnly,
  },
  'profile.test.ts': { '': nativeOnly },
  'readme.test.ts': { '': ownProcess },
  'train-step/accumulate.test.ts': { 'gradient accumulation on two threads': `workers that share a step: ${nativeOnly}` },
  'train-step/parallel.test.ts': {
    'a training step in parts makes the same steps where no memory': `workers that share a step: ${nativeOnly}`,
    'a training step in parts takes a variable that was assigned': `workers that share a step: ${nativeOnly}`,
    'a training step in parts takes any number of distinct ids': `workers that share a step: ${nativeOnly}`,
    'a training step in parts does not wait for a worker that is ended': `workers that share a step: ${nativeOnly}`,
  },
}

/**
 * The tests that say nothing of an engine, by file and by how their names begin ('' for all of a file), each with the
 * reason. All others run on it in `npm run test:slow`, which fails where a line here fits no test.
 */
export const notOn: Readonly<Record<string, Tests>> = { tfjs, 'onnxruntime-web': web }
