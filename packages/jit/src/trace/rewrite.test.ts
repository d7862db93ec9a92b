import { expect, it } from 'vitest'
import { Graph, reachable, type Value } from './graph.ts'
import { product } from './lowerings/products.ts'
import { rewrite } from './rewrite.ts'

const operators = (outputs: Record<string, Value>) =>
  reachable(Object.values(outputs)).map(({ operator, inputs }) => `${operator}${inputs.length}`)

function factors() {
  const graph = new Graph()
  const [a, b] = [graph.input('a', 'float32', [3, 5]), graph.input('b', 'float32', [5, 4])]
  const add = (x: Value, y: Value) => graph.op('Add', [x, y], 'float32', x.shape)
  return { graph, a, b, add, ab: product(graph, a, b, false, false) }
}

it('makes a sum with a product one node', () => {
  const { graph, add, ab } = factors()
  for (const shape of [[4], [1, 4], [3, 1], [3, 4], []]) {
    const y = add(ab, graph.input(`c${shape}`, 'float32', shape))
    expect(operators(rewrite(graph, { y })), `[${shape}]`).toEqual(['Gemm3'])
  }
})

it('makes a chain of products summed up a chain of products', () => {
  const { graph, a, add, ab } = factors()
  const products = [1, 2, 3].map((index) => product(graph, a, graph.input(`b${index}`, 'float32', [5, 4]), false, false))
  const y = products.reduce(add, ab)
  expect(operators(rewrite(graph, { y }))).toEqual(['Gemm2', 'Gemm3', 'Gemm3', 'Gemm3'])
})

it('leaves a product that is needed elsewhere, or that the sum makes larger', () => {
  const { graph, add, ab } = factors()
  const c = graph.input('c', 'float32', [3, 4])
  expect(operators(rewrite(graph, { y: add(ab, c), ab }))).toEqual(['Gemm2', 'Add2'])
  const large = graph.op('Add', [ab, graph.input('d', 'float32', [2, 3, 4])], 'float32', [2, 3, 4])
  expect(operators(rewrite(graph, { large }))).toEqual(['Gemm2', 'Add2'])
})

it('transposes the first factor of a wide product before it', () => {
  const graph = new Graph()
  const gradient = (rows: number, inputs: number, outputs: number) => {
    const [x, dy] = [graph.input(`x${inputs}`, 'float32', [rows, inputs]), graph.input(`dy${outputs}`, 'float32', [rows, outputs])]
    return product(graph, x, dy, true, false)
  }
  const y = graph.op('Add', [gradient(512, 64, 256), graph.input('c', 'float32', [256])], 'float32', [64, 256])
  const rewritten = rewrite(graph, { y })
  expect(operators(rewritten)).toEqual(['Reshape2', 'Transpose1', 'Reshape2', 'Gemm3'])
  expect(rewritten.y!.node!.attributes).toEqual({ transA: 0, transB: 0 })
  expect(operators(rewrite(graph, { y: gradient(512, 64, 128) }))).toEqual(['Gemm2'])
  expect(operators(rewrite(graph, { y: gradient(32, 64, 256) }))).toEqual(['Gemm2'])
})

it('transposes the first factors of wide products in a batch before them', () => {
  const graph = new Graph()
  const gradient = (rows: number, columns: number) => {
    const [x, dy] = [graph.input('x', 'float32', [2, rows, 64]), graph.input('dy', 'float32', [2, rows, columns])]
    return product(graph, x, dy, true, false)
  }
  const rewritten = rewrite(graph, { y: gradient(512, 256) })
  expect(operators(rewritten)).toEqual(['Reshape2', 'Transpose1', 'Reshape2', 'MatMul2'])
  expect(rewritten.y!.shape).toEqual([2, 64, 256])
  expect(operators(rewrite(graph, { y: gradient(512, 128) }))).toEqual(['FusedMatMul2'])
  expect(operators(rewrite(graph, { y: gradient(32, 256) }))).toEqual(['FusedMatMul2'])
})

it('adds rows to the sum of other rows instead of to zeros', () => {
  const graph = new Graph()
  const rowsOf = (name: string, ground = graph.fill('float32', [4, 2], 0)) => {
    const [places, rows] = [graph.input(`${name} places`, 'int64', [3, 1]), graph.input(name, 'float32', [3, 2])]
    return graph.op('ScatterND', [ground, places, rows], 'float32', [4, 2], { attributes: { reduction: 'add' } })
  }
  const add = (x: Value, y: Value) => graph.op('Add', [x, y], 'float32', [4, 2])
  const [a, b, c] = [rowsOf('a'), rowsOf('b'), rowsOf('c')]
  expect(operators(rewrite(graph, { y: add(add(a, b), c) }))).toEqual(['ScatterND3', 'ScatterND3', 'ScatterND3'])
  expect(operators(rewrite(graph, { y: add(a, b), b }))).toEqual(['ScatterND3', 'ScatterND3', 'Add2'])
  const onOthers = rowsOf('d', graph.input('ground', 'float32', [4, 2]))
  expect(operators(rewrite(graph, { y: add(a, onOthers) }))).toEqual(['ScatterND3', 'ScatterND3', 'Add2'])
})

it('makes a node once, and keeps only what the outputs need', () => {
  const { graph, a } = factors()
  const once = graph.op('Neg', [a], 'float32', a.shape)
  expect(graph.op('Neg', [a], 'float32', a.shape)).toBe(once)
  graph.op('Exp', [once], 'float32', a.shape)
  expect(operators({ once })).toEqual(['Neg1'])
})
