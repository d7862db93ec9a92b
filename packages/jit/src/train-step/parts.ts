import { KdError } from '@kd/core'
import type { OnnxTensor } from '../tensor.ts'
import { see } from '../trace/refuse.ts'
import { alikeTogether, idsByExample } from './alike.ts'
import { distinctBucket, distinctPlaces } from './distinct.ts'
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

/** Divides a step along its examples. Parts have the same shapes but for the number of their distinct rows. */
export function divide(step: PreparedStep, { axes = {}, anyOrder = false }: DataParallel, count: number): Parts {
  const { distinct, idsShape } = step
  const regroups = anyOrder && count > 1 && distinct.count > 0
  const examples = regroups
    ? alikeTogether(idsByExample(distinct.positions, idsShape, axes.ids ?? 0, distinct.count), distinct.count, count)
    : undefined
  const partOf = (tensor: OnnxTensor, axis: number | undefined, part: number) =>
    examples ? takeExamples(tensor, axis, examples[part]!) : slicePart(tensor, axis, part, count)
  const found = Array.from({ length: count }, (_, part) => {
    const { data, shape } = partOf({ data: distinct.positions, shape: idsShape }, axes.ids, part)
    return { ...distinctPlaces(data as Int32Array, distinct.count), idsShape: shape }
  })
  const steps = found.map(({ places, positions, idsShape }, part) => ({
    ...step,
    inputs: Object.fromEntries(Object.entries(step.inputs).map(([name, input]) => [name, partOf(input, axes[name], part)])),
    distinct: { ids: Int32Array.from(places, (place) => distinct.ids[place]!), count: places.length, positions },
    idsShape,
  }))
  const unionPlaces = found.map(({ places }) => {
    const own = new Int32Array(distinct.count).fill(-1)
    for (let at = 0; at < places.length; at++) own[places[at]!] = at
    return own
  })
  return { steps, rows: { ids: distinct.ids.subarray(0, distinct.count), places: unionPlaces } }
}

/** The same parts with as many rows each, so that one graph of a number of rows serves all. */
export function withEqualRows(steps: readonly PreparedStep[], room: number): readonly PreparedStep[] {
  const length = distinctBucket(Math.max(room, ...steps.map(({ distinct }) => distinct.count)))
  return steps.map((step) => ({ ...step, distinct: { ...step.distinct, ids: pad(step.distinct.ids, length) } }))
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

/** Some examples, along an axis. */
export function takeExamples({ data, shape }: OnnxTensor, axis = 0, examples: Int32Array): OnnxTensor {
  const outer = shape.slice(0, axis).reduce((product, side) => product * side, 1)
  const inner = shape.slice(axis + 1).reduce((product, side) => product * side, 1)
  const rows = shape[axis]!
  const taken = new (data.constructor as Float32ArrayConstructor)(outer * examples.length * inner)
  const from = data as Float32Array
  let to = 0
  for (let row = 0; row < outer; row++) {
    for (let at = 0; at < examples.length; at++) {
      const begin = (row * rows + examples[at]!) * inner
      for (let element = begin; element < begin + inner; element++) taken[to++] = from[element]!
    }
  }
  return { data: taken as OnnxTensor['data'], shape: shape.map((whole, index) => (index === axis ? examples.length : whole)) }
}
