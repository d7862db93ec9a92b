import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers'
import { Output, recordCall } from './jit-trace.ts'
import { type Structure, tensorsIn } from './structure.ts'
import { type FreeSide, freeSideModel, type Tracing } from './trace/free-side.ts'
import type { Recording } from './trace/recording.ts'
import { see } from './trace/refuse.ts'
import { rewrite } from './trace/rewrite.ts'

export interface ToOnnxOptions {
  /** Names of the outputs, in order. Default: the result's own keys; `output` where it is one tensor. */
  outputs?: readonly string[]
}

/** A tensor of the signature. */
export interface OnnxInput {
  /** `null`, as the first side only, stands for any size: the batch. */
  shape: readonly (number | null)[]
  /** Default: float32. */
  dtype?: 'float32' | 'int32' | 'bool'
  /** Default: `input_0` and so on, in the order of the signature. */
  name?: string
}

/** The function's argument with an `OnnxInput` in each tensor's stead. */
export type OnnxSignature<T> = T extends tf.Tensor ? OnnxInput : T extends object ? { [K in keyof T]: OnnxSignature<T[K]> } : T

/** Sizes of a free batch that are traced and compared. Primes, so that no size of a model is taken for one by chance. */
const batches = [
  [13, 17, 19],
  [29, 31, 37],
  [101, 103, 107],
] as const

const batch: FreeSide = { name: 'batch', portable: true }

/**
 * A function of tensors as the bytes of a `.onnx` file (operator set 20): what it computes in the terms of ONNX, with the
 * present values of variables as weights. A model is `(x) => model.apply(x)`. A batch of free size (`null`) is kept
 * free through the whole graph.
 * @param signature what the function is given: an `OnnxInput` in each tensor's stead
 * @throws KdError of kind `engine` for what can't be traced, an assignment, a random number, or where the graph can't
 * leave the batch free; of kind `option` for a signature that is none
 */
export function toOnnx<Arguments extends unknown[]>(
  fn: (...inputs: Arguments) => unknown,
  signature: { [K in keyof Arguments]: OnnxSignature<Arguments[K]> },
  { outputs }: ToOnnxOptions = {},
): Uint8Array {
  const inputs = inputsOf(signature)
  const free = inputs.some(({ shape }) => shape[0] === null)
  const trace = (size: number) => traceFor(fn, signature, inputs, size, outputs)
  if (!free) return freeSideModel([trace(0)], [0], batch).bytes
  for (const sizes of batches) {
    try {
      return freeSideModel(sizes.map(trace), sizes, batch).bytes
    } catch (error) {
      if (sizes === batches.at(-1) || !KdError.isInstance(error, 'engine') || !error.what.includes('size of the batch')) throw error
    }
  }
  throw new Error('unreachable')
}

function traceFor<Arguments extends unknown[]>(
  fn: (...inputs: Arguments) => unknown,
  signature: Structure,
  inputs: readonly Required<OnnxInput>[],
  batch: number,
  names: readonly string[] | undefined,
): Tracing {
  let index = 0
  const examples = replaceInputs(signature, () => {
    const { shape, dtype } = inputs[index++]!
    return tf.zeros(
      shape.map((side) => side ?? batch),
      dtype,
    )
  })
  try {
    const { recording, result } = recordCall(fn, examples as Arguments, { seed: 0, step: 0 }, (at) => inputs[at]!.name)
    const found = names ?? namesOf(result.structure)
    if (found.length !== result.outputs.length || new Set(found).size !== found.length) {
      const what = `${found.length} names (${found.join(', ')}) for ${result.outputs.length} outputs`
      throw new KdError({ kind: 'option', what, where: { option: 'outputs' } })
    }
    refuseState(recording)
    const values = Object.fromEntries(result.outputs.map(({ value }, at) => [found[at]!, value]))
    const variables = [...recording.variables].map(([variable, { input }]) => [input!.input!, variable] as const)
    return { inputs, outputs: rewrite(recording.graph, values), variables: new Map(variables) }
  } finally {
    tf.dispose(tensorsIn(examples))
  }
}

function refuseState({ variables, randoms }: Recording): void {
  for (const { variable, output } of variables.values()) {
    if (output) {
      const what = `the function assigns the variable ${variable.name}, which a .onnx file can not`
      throw new KdError({ kind: 'engine', what, where: { tensor: variable.name }, fix: see('Export the forward pass alone.', 'refused') })
    }
  }
  if (randoms.length > 0) {
    const what = 'the function draws random numbers, which differ from engine to engine'
    throw new KdError({
      kind: 'engine',
      what,
      fix: see('Export the model in its mode of prediction: model.apply(x) without training.', 'refused'),
    })
  }
}

const isInput = (item: unknown): item is OnnxInput => typeof item === 'object' && item !== null && 'shape' in item

/** The signature with each `OnnxInput` replaced, in order. */
function replaceInputs(signature: Structure, replace: (input: OnnxInput) => unknown): Structure {
  if (isInput(signature)) return replace(signature)
  if (Array.isArray(signature)) return signature.map((item) => replaceInputs(item, replace))
  if (typeof signature !== 'object' || signature === null || Object.getPrototypeOf(signature) !== Object.prototype) return signature
  return Object.fromEntries(Object.entries(signature).map(([key, item]) => [key, replaceInputs(item, replace)]))
}

function inputsOf(signature: Structure): Required<OnnxInput>[] {
  const inputs: Required<OnnxInput>[] = []
  const fail = (what: string) => new KdError({ kind: 'option', what, where: { option: 'signature' } })
  if (!Array.isArray(signature)) throw fail('it is not a list of the arguments')
  replaceInputs(signature, ({ shape, dtype = 'float32', name = `input_${inputs.length}` }) => {
    if (!['float32', 'int32', 'bool'].includes(dtype)) throw fail(`${name} has the type ${dtype}, not float32, int32 or bool`)
    const good = (side: number | null, axis: number) => (side === null ? axis === 0 : Number.isInteger(side) && side >= 0)
    if (!Array.isArray(shape) || !shape.every(good)) throw fail(`${name} has the shape [${shape}]: whole numbers, null only first`)
    if (inputs.some((input) => input.name === name)) throw fail(`two inputs are named ${name}`)
    inputs.push({ shape, dtype, name })
  })
  return inputs
}

/** Names by the places of the tensors in a result. */
function namesOf(structure: Structure): string[] {
  const names: string[] = []
  const visit = (item: Structure, path: readonly string[]): void => {
    if (Array.isArray(item)) {
      item.forEach((inner, index) => {
        visit(inner, [...path, String(index)])
      })
    } else if (typeof item === 'object' && item !== null && Object.getPrototypeOf(item) === Object.prototype) {
      for (const [key, inner] of Object.entries(item)) visit(inner, [...path, key])
    } else if (item instanceof Output) names.push(path.length === 0 ? 'output' : path.join('_').replace(/^(?=\d)/, 'output_'))
  }
  visit(structure, [])
  return names
}
