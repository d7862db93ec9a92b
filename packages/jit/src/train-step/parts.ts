import { KdError } from '@kd/core'
import type { OnnxTensor } from '../tensor.ts'
import { see } from '../trace/refuse.ts'
import { DistinctIds, distinctBucket } from './distinct.ts'
import type { PreparedStep } from './engine.ts'
import type { DataParallel } from './options.ts'

/** A step's batch in equal parts, and the distinct rows of all of them. */
export interface Parts {
  readonly steps: readonly PreparedStep[]
  readonly rows: UnionOfRows
}

/** The distinct ids of all parts, and where each part has them. */
export interface UnionOfRows {
  readonly ids: Int32Array
  /** By part: for each of `ids` its place among the part's own, or -1. */
  readonly places: readonly Int32Array[]
}

/** Examples are shared out among so many workers: the most, up to `workers`, that give equal parts. */
export function partCount({ idsShape, inputs }: PreparedStep, { axes = {} }: DataParallel, workers: number): number {
  const sides = Object.entries(inputs).map(([name, { shape }]) => sideOf(name, shape, axes[name]))
  if (idsShape.length > 0 && idsShape[0] !== 0) sides.push(sideOf('ids', idsShape, axes.ids))
  const [size] = sides
  const other = sides.find((side) => side !== size)
  if (other !== undefined || size === undefined) {
    throw new KdError({
      kind: 'option',
      what: size === undefined ? 'the batch has no input to divide' : `a batch has ${size} and ${other} examples by its inputs`,
      where: { option: 'parallel' },
      fix: see('Name the axis that counts the examples: parallel: { axes: { input: 1 } }.', 'steps'),
    })
  }
  let count = Math.min(workers, size)
  while (size % count !== 0) count--
  return count
}

function sideOf(name: string, shape: readonly number[], axis = 0): number {
  const side = shape[axis]
  if (side !== undefined) return side
  throw new KdError({
    kind: 'option',
    what: `${name} of the shape [${shape}] has no axis ${axis} to divide`,
    where: { option: 'parallel' },
    fix: see('Name the axis that counts the examples, of each input.', 'steps'),
  })
}

/** Divides a step along its examples. Parts have the same shapes, so that one graph serves all. */
export class Divider {
  readonly #parallel: DataParallel
  readonly #sizes: number | undefined
  readonly #distinct: DistinctIds | undefined
  /** Where the union of the rows has each of them; kept between batches, as it has a number for each row of the table. */
  readonly #at: Int32Array

  /** @param sizes of `distinctBucket` */
  constructor(parallel: DataParallel, rows: number | undefined, sizes?: number) {
    this.#parallel = parallel
    this.#sizes = sizes
    if (rows !== undefined) this.#distinct = new DistinctIds(rows, sizes)
    this.#at = new Int32Array(rows ?? 0)
  }

  divide(step: PreparedStep, count: number): Parts {
    const { axes = {} } = this.#parallel
    const ids = step.distinct.positions.map((place) => step.distinct.ids[place]!)
    const found = Array.from({ length: count }, (_, part) => {
      const { data, shape } = slicePart({ data: ids, shape: step.idsShape }, axes.ids, part, count)
      return { distinct: this.#distinct?.of(data as Int32Array) ?? step.distinct, idsShape: shape }
    })
    const room = Math.ceil(step.distinct.ids.length / count)
    const padded = distinctBucket(Math.max(room, ...found.map(({ distinct }) => distinct.count)), this.#sizes)
    const steps = found.map(({ distinct, idsShape }, part) => ({
      ...step,
      inputs: Object.fromEntries(Object.entries(step.inputs).map(([name, input]) => [name, slicePart(input, axes[name], part, count)])),
      distinct: this.#distinct ? { ...distinct, ids: pad(distinct.ids.subarray(0, distinct.count), padded) } : distinct,
      idsShape,
    }))
    return { steps, rows: this.#union(step, steps) }
  }

  #union({ distinct }: PreparedStep, steps: readonly PreparedStep[]): UnionOfRows {
    const ids = distinct.ids.subarray(0, distinct.count)
    for (let place = 0; place < ids.length; place++) this.#at[ids[place]!] = place
    const places = steps.map((part) => {
      const places = new Int32Array(ids.length).fill(-1)
      for (let place = 0; place < part.distinct.count; place++) places[this.#at[part.distinct.ids[place]!]!] = place
      return places
    })
    return { ids, places }
  }
}

/** `ids` repeated at its end up to `length`. */
export function pad(ids: Int32Array, length: number): Int32Array {
  const padded = new Int32Array(length).fill(ids[0] ?? 0)
  padded.set(ids)
  return padded
}

/** The `part`th of `count` equal parts along an axis. */
export function slicePart({ data, shape }: OnnxTensor, axis = 0, part: number, count: number): OnnxTensor {
  const outer = shape.slice(0, axis).reduce((product, side) => product * side, 1)
  const inner = shape.slice(axis + 1).reduce((product, side) => product * side, 1)
  const side = (shape[axis] ?? 0) / count
  const length = side * inner
  const smaller = shape.map((whole, index) => (index === axis ? side : whole))
  if (outer === 1) return { data: data.subarray(part * length, (part + 1) * length) as OnnxTensor['data'], shape: smaller }
  const slice = new (data.constructor as Float32ArrayConstructor)(outer * length) as OnnxTensor['data']
  for (let row = 0; row < outer; row++) {
    const from = (row * count + part) * length
    slice.set(data.subarray(from, from + length) as never, row * length)
  }
  return { data: slice, shape: smaller }
}
