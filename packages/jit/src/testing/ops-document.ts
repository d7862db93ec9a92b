import { version_cpu } from '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { Graph, reachable } from '../trace/graph.ts'
import { lowerings } from '../trace/lowerings/index.ts'
import { limits, refused } from '../trace/lowerings/refused.ts'
import { inputsOf, withGradients } from './check-ops.ts'
import { cpuKernels, gradientNames, type KernelCall, type Observed, observe } from './kernel-calls.ts'
import { type OpRow, opRows } from './op-rows.ts'

/** Operators that change where or as what elements lie, and not what they are. */
const layout = new Set(['Cast', 'Reshape', 'Transpose', 'Identity', 'Expand', 'Squeeze', 'Unsqueeze'])
/** Kernels of which the same is true. */
const plainKernels = new Set(['Cast', 'Identity', 'Reshape', 'ZerosLike', 'OnesLike', 'Fill'])

/** The operators that a kernel as it was run becomes. */
function operatorsOf({ kernel, inputs, attributes }: KernelCall): string[] {
  const graph = new Graph()
  const given = Object.entries(inputs).map(([name, info]) => {
    if (!info) return [name, undefined]
    const complex = info.dtype === 'complex64'
    const value = graph.input(name, complex ? 'float32' : (info.dtype as 'float32'), complex ? [...info.shape, 2] : info.shape)
    return [name, { value, dtype: info.dtype }]
  })
  const result = [lowerings[kernel]!({ graph, kernel, inputs: Object.fromEntries(given), attributes })].flat()
  return reachable(result.map(({ value }) => value)).map(({ operator }) => operator)
}

interface Kernel {
  readonly how: 'native' | 'composed' | `refused (${string})` | 'without a row'
  readonly operators: readonly string[]
}

function kernelOf(name: string, calls: readonly KernelCall[]): Kernel {
  const reason = refused[name]
  if (reason !== undefined) return { how: `refused (${reason})`, operators: [] }
  const mine = calls.filter(({ kernel }) => kernel === name)
  if (mine.length === 0 || !lowerings[name]) return { how: 'without a row', operators: [] }
  // What floats become, where there are any: integers go through them.
  const floats = mine.filter(({ inputs }) => Object.values(inputs).some((input) => input?.dtype === 'float32'))
  const each = (floats.length > 0 ? floats : mine).map((call) => operatorsOf(call).filter((operator) => !layout.has(operator)))
  const operators = [...new Set(each.flat())]
  return { how: each.every(({ length }) => length <= 1) ? 'native' : 'composed', operators }
}

interface Gradient {
  readonly how: Kernel['how']
  readonly kernels: readonly string[]
}

/** Why no row can reach a gradient that TensorFlow.js registers. */
const unreached: Readonly<Record<string, string>> = {
  BroadcastTo: 'no function of TensorFlow.js runs this kernel: tf.broadcastTo is Tile',
  ComplexAbs: 'complex numbers have no gradients in TensorFlow.js that lead to them',
  LogSoftmax: 'no function of TensorFlow.js runs this kernel: tf.logSoftmax has a gradient of its own',
}

function gradientOf(name: string, { gradients }: Observed, kernel: (name: string) => Kernel): Gradient {
  const reason = unreached[name]
  if (reason !== undefined) return { how: `refused (${reason})`, kernels: [] }
  const found = gradients.get(name)
  if (!found) return { how: 'without a row', kernels: [] }
  const kernels = [...found].sort()
  const missing = kernels.find((each) => kernel(each).how.startsWith('refused') || !lowerings[each])
  if (missing) return { how: `refused (it runs ${missing})`, kernels }
  const real = kernels.filter((each) => !plainKernels.has(each))
  const native = real.length <= 1 && real.every((each) => kernel(each).how === 'native')
  return { how: native ? 'native' : 'composed', kernels }
}

export interface OpsDocument {
  readonly text: string
  readonly kernels: ReadonlyMap<string, Kernel>
  readonly gradients: ReadonlyMap<string, Gradient>
}

/** What becomes of each kernel and each gradient of TensorFlow.js, found by running the rows of the tests. */
export function opsDocument(rows: readonly OpRow[] = opRows): OpsDocument {
  const observed = observe(() => {
    for (const row of rows) tf.tidy(() => void withGradients(row)(...inputsOf(row, 1)))
  })
  const registered = cpuKernels()
  const kernels = new Map(registered.map((name) => [name, kernelOf(name, observed.calls)]))
  const gradients = new Map(gradientNames().map((name) => [name, gradientOf(name, observed, (each) => kernels.get(each)!)]))
  return { text: write(kernels, gradients), kernels, gradients }
}

const count = (all: ReadonlyMap<string, { how: string }>, how: string) =>
  [...all.values()].filter((each) => each.how.startsWith(how)).length

function summary(all: ReadonlyMap<string, { how: string }>): string {
  const taken = count(all, 'native') + count(all, 'composed')
  const share = Math.floor((1000 * taken) / all.size) / 10
  return `${all.size}: ${count(all, 'native')} native, ${count(all, 'composed')} composed, ${count(all, 'refused')} refused. Taken: ${share} %.`
}

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(' ')

function notesOf(name: string): string {
  return [
    ...new Set(opRows.flatMap(({ kernel, notTheDerivative }) => (kernel === name && notTheDerivative ? [notTheDerivative] : []))),
  ].join('; ')
}

function write(kernels: OpsDocument['kernels'], gradients: OpsDocument['gradients']): string {
  const kernelRows = [...kernels].map(([name, { how, operators }]) => `| ${name} | ${how} | ${code(operators)} | ${limits[name] ?? ''} |`)
  const gradientRows = [...gradients].map(([name, { how, kernels }]) => `| ${name} | ${how} | ${code(kernels)} | ${notesOf(name)} |`)
  return `# Operations

Written by \`npm run ops -w @kd/jit\` from the lowerings and the rows of their tests; a test holds it to them.

- **native**: one operator of ONNX, or none (a constant, another layout), beside casts and changes of shape
- **composed**: several operators
- **refused**: a \`KdError\` of kind \`engine\` with the kernel, the reason and your own line

Each kernel that is taken has rows in the tests: run plain on TensorFlow.js's cpu backend, traced, and traced again on fresh
inputs while the function is forbidden to run; gradients also against central differences. What both sides make of NaN,
infinities, integers, truth values and indices out of range has rows of its own.

## Kernels

Those that tfjs-backend-cpu ${version_cpu} registers, ${summary(kernels)}

| kernel | how | operators | limits |
|---|---|---|---|
${kernelRows.join('\n')}

## Gradients

Those that tfjs-core ${tf.version_core} registers once tfjs-layers is loaded, ${summary(gradients)} A note says where TensorFlow.js's own
gradient, which a traced function has too, is not the derivative.

| of | how | kernels that it runs | note |
|---|---|---|---|
${gradientRows.join('\n')}
`
}
