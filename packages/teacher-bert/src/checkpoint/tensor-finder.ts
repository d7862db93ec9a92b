import { KdError, type SafetensorsTensor, toFloat32 } from '@kd/core'
import { leftOver, tensorEnds } from './families.ts'
import type { Matrix } from './matrix.ts'
import type { Linear, Norm } from './weights.ts'

/** What an int8 weight's scales (one a row) are called, behind the weight's own name. */
export const scaleSuffix = '_scale'

/** Missing tensors that an error names. */
const named = 3

/** A checkpoint's tensors by their family's names; what is missing is gathered, so that one error tells all of it. */
export class TensorFinder {
  readonly #tensors: ReadonlyMap<string, SafetensorsTensor>
  readonly #prefixes: readonly string[]
  readonly #file: string
  readonly #missing: (readonly string[])[] = []
  readonly #used = new Set<string>()

  /**
   * @param prefixes what may stand before a name
   * @param file names the file in errors
   */
  constructor(tensors: ReadonlyMap<string, SafetensorsTensor>, prefixes: readonly string[], file: string) {
    this.#tensors = tensors
    this.#prefixes = prefixes
    this.#file = file
  }

  /** Names of tensors that were asked for and not found, each list with all that was tried. */
  get missing(): readonly (readonly string[])[] {
    return this.#missing
  }

  /** Rows of a weight that is there, whatever they are. */
  rows(name: string): number | undefined {
    const found = this.#candidates(name, 'weight').find((candidate) => this.#tensors.has(candidate))
    return found === undefined ? undefined : this.#tensors.get(found)!.shape[0]
  }

  vector(name: string, end: 'weight' | 'bias', size: number): Float32Array {
    const [found, tensor] = this.#find(this.#candidates(name, end)) ?? []
    return tensor ? this.#floats(found!, tensor, [size]) : new Float32Array(size)
  }

  matrix(name: string, rows: number, columns: number): Matrix {
    const [found, tensor] = this.#find(this.#candidates(name, 'weight')) ?? []
    if (!tensor) return { rows, columns, values: new Float32Array(0) }
    if (tensor.type !== 'I8') return { rows, columns, values: this.#floats(found!, tensor, [rows, columns]) }
    this.#expectShape(found!, tensor, [rows, columns])
    const [scaleName, scale] = this.#find([`${found}${scaleSuffix}`]) ?? []
    const int8 = new Int8Array(tensor.bytes.buffer as ArrayBuffer, tensor.bytes.byteOffset, tensor.bytes.byteLength)
    return { rows, columns, int8, scales: scale ? this.#floats(scaleName!, scale, [rows]) : new Float32Array(rows) }
  }

  linear(name: string, outputs: number, inputs: number): Linear {
    return { weight: this.matrix(name, outputs, inputs), bias: this.vector(name, 'bias', outputs) }
  }

  norm(name: string, size: number): Norm {
    return { gain: this.vector(name, 'weight', size), bias: this.vector(name, 'bias', size) }
  }

  /** @throws KdError of kind `missing` if a tensor was asked for in vain */
  assertComplete(fix: string): void {
    if (this.#missing.length === 0) return
    const tried = this.#missing.slice(0, named).map((candidates) => candidates.join(' or '))
    const more = this.#missing.length > named ? `, and ${this.#missing.length - named} more` : ''
    throw new KdError({
      kind: 'missing',
      what: `${this.#missing.length} tensors are not among its ${this.#tensors.size}: there is no ${tried.join(', no ')}${more}`,
      where: { file: this.#file },
      fix,
    })
  }

  /** @throws KdError of kind `mismatch` if there are tensors that nothing asked for, and that are not another task's */
  assertNothingElse(fix: string): void {
    const extra = [...this.#tensors.keys()].filter((name) => !this.#used.has(name) && !leftOver.test(name))
    if (extra.length === 0) return
    throw new KdError({
      kind: 'mismatch',
      what: `${extra.length} of its tensors have no place in this model: ${extra.slice(0, named).join(', ')}${extra.length > named ? ', ...' : ''}`,
      where: { file: this.#file },
      fix,
    })
  }

  #candidates(name: string, end: 'weight' | 'bias'): string[] {
    // A head's own layers stand beside the encoder.
    const prefixes = /^(pre_)?classifier/.test(name) ? [''] : this.#prefixes
    return tensorEnds[end].flatMap((suffix) => prefixes.map((prefix) => `${prefix}${name}.${suffix}`))
  }

  #find(candidates: readonly string[]): [name: string, tensor: SafetensorsTensor] | undefined {
    const found = candidates.find((candidate) => this.#tensors.has(candidate))
    if (found === undefined) {
      this.#missing.push(candidates.filter((candidate) => !/(gamma|beta)$/.test(candidate) || candidates.length === 1))
      return undefined
    }
    this.#used.add(found)
    return [found, this.#tensors.get(found)!]
  }

  #floats(name: string, tensor: SafetensorsTensor, shape: readonly number[]): Float32Array {
    this.#expectShape(name, tensor, shape)
    const values = toFloat32(tensor, name)
    const bad = values.findIndex((value) => !Number.isFinite(value))
    if (bad < 0) return values
    throw new KdError({
      kind: 'numeric',
      what: `element ${bad} is ${values[bad]}`,
      where: { file: this.#file, tensor: name },
      fix: 'Training diverged or the file is damaged: use an earlier checkpoint.',
    })
  }

  #expectShape(name: string, tensor: SafetensorsTensor, shape: readonly number[]): void {
    if (tensor.shape.length === shape.length && tensor.shape.every((side, i) => side === shape[i])) return
    throw new KdError({
      kind: 'mismatch',
      what: `its shape is [${tensor.shape}], config.json asks for [${shape}]`,
      where: { file: this.#file, tensor: name },
      fix: 'Use the config.json that was saved with these weights.',
    })
  }
}
