import { reachable, sameShape, type Value } from '../trace/graph.ts'
import { type Scalars, scalarsOf } from './scalars.ts'
import { type Loop, type LoopOperation, loopModule, loopOperations, mostArrays, mostScalars, type Operand } from './wasm-loop.ts'

/** A recorded computation on arrays of one shape as a loop over their elements. */
export interface FusedLoop {
  readonly code: Uint8Array
  /** Names of the graph's inputs that it reads; those with parts come as often as there are parts. */
  readonly arrays: readonly string[]
  /** Names among the scalars. */
  readonly scalars: readonly string[]
  /** Names of its outputs. */
  readonly outputs: readonly string[]
}

export interface Fused {
  /** By the key of each set of outputs. */
  readonly loops: ReadonlyMap<string, FusedLoop>
  /** What does not depend on an element: computed once a run. */
  readonly scalars: Scalars
}

/**
 * Fuses sets of outputs, each computed element by element from inputs of one shape and from scalars, into a loop each.
 * ONNX Runtime makes a pass over memory of each operation; a loop reads and writes each array once, and computes the
 * same bits.
 * @param sets by any key, outputs by name
 * @param elements whether an input is one of the arrays, in so many parts to be added up; 0: it is a scalar
 * @returns undefined if there is anything else in it
 */
export function fuse(
  sets: Readonly<Record<string, Readonly<Record<string, Value>>>>,
  elements: (input: string) => number,
): Fused | undefined {
  const scalars = new Map<Value, string>()
  const loops = new Map<string, FusedLoop>()
  for (const [key, outputs] of Object.entries(sets)) {
    const loop = fuseOne(Object.entries(outputs), elements, (value) => {
      if (!scalars.has(value)) scalars.set(value, `scalar ${scalars.size}`)
      return scalars.get(value)!
    })
    if (!loop) return undefined
    loops.set(key, loop)
  }
  const found = scalarsOf(new Map([...scalars].map(([value, name]) => [name, value])))
  return found && { loops, scalars: found }
}

function fuseOne(
  outputs: readonly (readonly [string, Value])[],
  elements: (input: string) => number,
  nameOf: (scalar: Value) => string,
): FusedLoop | undefined {
  const shape = outputs[0]![1].shape
  const arrays: string[] = []
  const scalars: string[] = []
  const operations: Loop['operations'][number][] = []
  const known = new Map<Value, Operand>()
  const varies = new Map<Value, boolean>()
  const add = (operation: LoopOperation, operands: readonly Operand[]): Operand => {
    operations.push({ operation, operands })
    return { operation: operations.length - 1 }
  }
  const isArray = (value: Value): boolean => {
    let found = varies.get(value)
    if (found === undefined) {
      found = value.input !== undefined ? elements(value.input) > 0 : (value.node?.inputs.some((input) => input && isArray(input)) ?? false)
      varies.set(value, found)
    }
    return found
  }
  const operandOf = (value: Value): Operand | undefined => {
    let operand = known.get(value)
    if (operand) return operand
    if (value.type !== 'float32') return undefined
    if (value.fill !== undefined) return { number: value.fill }
    if (isArray(value)) {
      const input = value.input
      // Nodes come after those that they read: what is not known yet is an input.
      if (input === undefined || !sameShape(value.shape, shape)) return undefined
      const parts = elements(input)
      const first = arrays.length
      for (let part = 0; part < parts; part++) arrays.push(input)
      operand = { array: first }
      for (let part = 1; part < parts; part++) operand = add('Add', [operand, { array: first + part }])
    } else {
      if (value.shape.some((side) => side !== 1)) return undefined
      scalars.push(nameOf(value))
      operand = { scalar: scalars.length - 1 }
    }
    known.set(value, operand)
    return operand
  }
  for (const node of reachable(outputs.map(([, value]) => value))) {
    const [result, ...more] = node.outputs
    if (!isArray(result!)) continue
    const { operator } = node
    if (!Object.hasOwn(loopOperations, operator) || more.length > 0 || !sameShape(result!.shape, shape)) return undefined
    const operands = node.inputs.map((input) => input && operandOf(input))
    if (operands.some((operand) => operand === undefined)) return undefined
    known.set(result!, add(operator as LoopOperation, operands as Operand[]))
  }
  const results = outputs.map(([, value]) => operandOf(value))
  if (results.some((operand) => operand === undefined)) return undefined
  if (arrays.length + outputs.length > mostArrays || scalars.length > mostScalars) return undefined
  const loop = { arrays: arrays.length, scalars: scalars.length, operations, outputs: results as Operand[] }
  return { code: loopModule(loop), arrays, scalars, outputs: outputs.map(([name]) => name) }
}
