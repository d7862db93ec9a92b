import { Random } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { Compiled } from '../engines/native/compiled.ts'
import { adadelta } from '../optimizers/adadelta.ts'
import { adam, adamW } from '../optimizers/adam.ts'
import type { Optimizer } from '../optimizers/optimizer.ts'
import { testEngine } from '../testing/engines.ts'
import { emit } from '../trace/emit.ts'
import { traceUpdate } from '../train-step/trace-parts.ts'
import { fuse } from './fuse.ts'
import { loopModule, squaresLoop, sumLoop } from './wasm-loop.ts'

const engine = testEngine('onnxruntime-node')
beforeAll(async () => void (await tf.setBackend('cpu')))

const random = new Random(1, 'fused')
const normals = (length: number) => Float32Array.from({ length }, () => random.normal())
const isScalar = (input: string) => ['learningRate', 'step', 'factor'].includes(input)

// TypeScript's types of WebAssembly come with the browser's, which this package does without.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (size: { initial: number; maximum: number; shared: true }) => { buffer: SharedArrayBuffer }
    Module: new (code: Uint8Array) => object
    Instance: new (module: object, imports: object) => { exports: { run(count: number, ...values: number[]): number } }
  }
}

/** Of the arrays here, with room around them. */
const [longest, room] = [4096, 5000]

/** Runs a loop's code on arrays that do not lie side by side. */
function run(code: Uint8Array, scalars: readonly number[], arrays: readonly Float32Array[], outputs: number) {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 10, shared: true })
  const loop = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } }).exports.run
  const floats = new Float32Array(memory.buffer).fill(Number.NaN)
  const place = (index: number) => 16 + index * room
  arrays.forEach((array, index) => {
    floats.fill(0, place(index), place(index + 1))
    floats.set(array, place(index))
  })
  const { length } = arrays[0]!
  const places = Array.from({ length: arrays.length + outputs }, (_, index) => place(index) * 4)
  const squares = loop(length, ...places, ...scalars)
  return {
    squares,
    results: Array.from({ length: outputs }, (_, k) => floats.slice(place(arrays.length + k), place(arrays.length + k) + length)),
  }
}

describe('loops in WebAssembly', () => {
  // The step's corrections are functions of one number, which may differ in their last bit: see `scalarsOf`.
  const lastBit = 2 ** -22
  it.each<[string, Optimizer, number | undefined, number]>([
    ['adadelta', adadelta(), undefined, 0],
    ['adadelta, clipped', adadelta(), 1, 0],
    ['adam without means', adam({ beta1: 0, beta2: 0 }), 1, 0],
    ['adam', adam(), undefined, lastBit],
    ['adam with decay, clipped', adam(), 1, lastBit],
    ['adamW', adamW({ weightDecay: 0.1 }), undefined, lastBit],
    ['adamW, clipped', adamW(), 2, lastBit],
  ])("give the bits of ONNX Runtime's graph (%s)", async (_, optimizer, clipNorm, tolerance) => {
    const options = { optimizer, clipNorm, seed: 1, variables: [], loss: () => tf.scalar(0) }
    for (const shape of [[], [1], [3, 7], [longest]]) {
      const length = tf.util.sizeFromShape(shape)
      const parameter = { name: 'w', shape, decay: 0.01, rate: 0.5, moved: true }
      const { graph, outputs } = traceUpdate(options as never, [parameter])
      const { loops, scalars } = fuse(outputs, (input) => Number(!isScalar(input)))!
      const loop = loops.get('w')!
      const runtime = await (await engine()).runtime()
      const whole = await Compiled.loadOn(runtime, emit(graph, outputs.w!), 1)
      const values: Record<string, Float32Array> = {
        learningRate: Float32Array.of(0.01),
        step: Float32Array.of(3),
        factor: Float32Array.of(0.7),
      }
      for (const name of new Set(loop.arrays)) values[name] = normals(length)
      for (const slot of optimizer.slots) values[`w ${slot}`] = normals(length).map(Math.abs)
      const feeds = Object.fromEntries(
        Object.entries(values)
          .filter(([name]) => whole.uses(name))
          .map(([name, data]) => [name, { data, shape: isScalar(name) ? [] : shape }]),
      )
      const wanted = await whole.run({ feeds, returns: loop.outputs })
      const numbers = scalars({ learningRate: 0.01, step: 3, factor: 0.7 })
      const given = loop.scalars.map((name) => numbers[name]!)
      const { results } = run(
        loop.code,
        given,
        loop.arrays.map((name) => values[name]!),
        loop.outputs.length,
      )
      loop.outputs.forEach((name, index) => {
        const { data } = wanted[name]!
        if (tolerance === 0) expect(results[index], `${name} ${shape}`).toEqual(data)
        const off = results[index]!.reduce((most, value, at) => Math.max(most, Math.abs(value - (data[at] as number))), 0)
        expect(off, `${name} ${shape}`).toBeLessThanOrEqual(tolerance)
      })
    }
  })

  it('are refused where an element depends on others', () => {
    const optimizer: Optimizer = {
      name: 'normed',
      learningRate: 1,
      slots: [],
      update: ({ parameter, gradient }) => ({ parameter: tf.sub(parameter, tf.div(gradient, tf.norm(gradient))), slots: [] }),
    }
    const { outputs } = traceUpdate({ optimizer, seed: 1 } as never, [
      { name: 'w', shape: [4], decay: undefined, rate: undefined, moved: true },
    ])
    expect(fuse(outputs, (input) => Number(!isScalar(input)))).toBeUndefined()
  })

  it('add parts up in their order, with the sum of squares in doubles', () => {
    for (const length of [4, 12, longest]) {
      const parts = [normals(length), normals(length), normals(length)]
      const { squares, results } = run(loopModule(sumLoop(3)), [], parts, 1)
      const wanted = parts[0]!.map((value, at) => Math.fround(value + parts[1]![at]!) + parts[2]![at]!)
      expect(results[0]).toEqual(wanted)
      const sum = wanted.reduce((sum, value) => sum + value * value, 0)
      expect(Math.abs(squares - sum)).toBeLessThan(1e-12 * sum)
      expect(run(loopModule(squaresLoop(3)), [], parts, 0).squares).toBe(squares)
    }
  })
})
