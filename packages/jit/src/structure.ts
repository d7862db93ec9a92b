import { Tensor } from '@tensorflow/tfjs-core'

/** Tensors in arrays and objects, to any depth, and other values among them. */
export type Structure = unknown

/** The tensors of a structure in a fixed order. */
export function tensorsIn(structure: Structure, found: Tensor[] = []): Tensor[] {
  if (structure instanceof Tensor) found.push(structure)
  else if (isContainer(structure)) for (const item of Object.values(structure)) tensorsIn(item, found)
  return found
}

/** The same structure with each tensor replaced, in the order of `tensorsIn`. */
export function mapTensors(structure: Structure, replace: (tensor: Tensor) => unknown): Structure {
  if (structure instanceof Tensor) return replace(structure)
  if (Array.isArray(structure)) return structure.map((item) => mapTensors(item, replace))
  if (!isContainer(structure)) return structure
  return Object.fromEntries(Object.entries(structure).map(([key, item]) => [key, mapTensors(item, replace)]))
}

/** Text that is equal for structures that a trace can't tell apart: types and shapes of tensors, and all other values. */
export function signatureOf(structure: Structure): string {
  if (structure instanceof Tensor) return `${structure.dtype}[${structure.shape}]`
  if (Array.isArray(structure)) return `[${structure.map(signatureOf).join()}]`
  if (isContainer(structure)) {
    return `{${Object.entries(structure)
      .map(([key, item]) => `${JSON.stringify(key)}:${signatureOf(item)}`)
      .join()}}`
  }
  return typeof structure === 'string' ? JSON.stringify(structure) : String(structure)
}

function isContainer(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null
}
