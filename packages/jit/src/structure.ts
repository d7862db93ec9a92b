import { KdError } from '@kd/core'
import { Tensor, Variable } from '@tensorflow/tfjs-core'

/** Tensors in arrays and objects, to any depth, and other values among them. */
export type Structure = unknown

/** The tensors of a structure in a fixed order; variables are none: they stand for themselves. */
export function tensorsIn(structure: Structure): Tensor[] {
  const found: Tensor[] = []
  mapTensors(structure, (tensor) => found.push(tensor))
  return found
}

/** The same structure with each tensor replaced, in the order of `tensorsIn`. */
export function mapTensors(structure: Structure, replace: (tensor: Tensor) => unknown, variables?: 'variables too'): Structure {
  const map = (item: Structure, depth: number): Structure => {
    if (item instanceof Tensor) return item instanceof Variable && !variables ? item : replace(item)
    if (Array.isArray(item)) return item.map((inner) => map(inner, deeper(depth)))
    if (!isRecord(item)) return item
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, map(inner, deeper(depth))]))
  }
  return map(structure, 0)
}

/** What a trace can't tell apart is equal in all leaves: each is a place in the structure, and what stands there. */
export type Signature = ReadonlyMap<string, string>

/**
 * Types and shapes of tensors; which variable a variable is; all other values: plain ones by what they are, functions
 * and objects of a class by which they are.
 */
export function signatureOf(inputs: readonly unknown[]): Signature {
  const leaves = new Map<string, string>()
  const visit = (item: Structure, path: string, depth: number): void => {
    if (Array.isArray(item)) {
      leaves.set(`${path}.length`, String(item.length))
      item.forEach((inner, index) => {
        visit(inner, `${path}[${index}]`, deeper(depth))
      })
    } else if (isRecord(item)) {
      leaves.set(`${path} keys`, JSON.stringify(Object.keys(item)))
      for (const [key, inner] of Object.entries(item)) visit(inner, `${path}.${key}`, deeper(depth))
    } else leaves.set(path, leaf(item))
  }
  inputs.forEach((input, index) => {
    visit(input, `argument ${index + 1}`, 0)
  })
  return leaves
}

export const signatureKey = (signature: Signature): string => JSON.stringify([...signature])

function leaf(item: unknown): string {
  if (item instanceof Variable) return `variable ${item.id}`
  if (item instanceof Tensor) return `${item.dtype}[${item.shape}]`
  if (typeof item === 'string') return JSON.stringify(item)
  if (typeof item === 'number') return Object.is(item, -0) ? '-0' : String(item)
  if (typeof item === 'bigint') return `${item}n`
  if (ArrayBuffer.isView(item)) return `${item.constructor.name} ${Array.from(item as Uint8Array).join()}`
  if ((typeof item === 'object' && item !== null) || typeof item === 'function') return `${typeof item} ${identity(item)}`
  return String(item)
}

const identities = new WeakMap<object, number>()
let count = 0

function identity(item: object): number {
  let id = identities.get(item)
  if (id === undefined) identities.set(item, (id = count++))
  return id
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null
}

const mostDepth = 200

function deeper(depth: number): number {
  if (depth < mostDepth) return depth + 1
  throw new KdError({
    kind: 'option',
    what: `the arguments or the result of a jitted function are nested more than ${mostDepth} deep`,
    fix: 'A structure that contains itself can not be passed.',
  })
}
