import { expect, it } from 'vitest'
import { Graph, reachable } from './graph.ts'
import { peakBytes } from './peak.ts'

it('counts each result from its node to its last use, views and outputs not', () => {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [10])
  const a = graph.op('Exp', [x], 'float32', [10])
  const view = graph.op('Reshape', [a, graph.ints([2, 5])], 'float32', [2, 5])
  const b = graph.op('Tanh', [view], 'float32', [2, 5])
  const c = graph.op('Neg', [b], 'float32', [2, 5])
  const truth = graph.op('Less', [c, view], 'bool', [2, 5])
  const y = graph.op('Where', [truth, c, c], 'float32', [2, 5])
  // Together at most: a, of which the view is a part, b and c. Then a, c and ten truth values.
  expect(peakBytes(reachable([y]), [y])).toBe(3 * 40)
  expect(peakBytes(reachable([y, c]), [y, c])).toBe(2 * 40)
})

it('of a long chain is two of its links', () => {
  const graph = new Graph()
  let value = graph.input('x', 'int32', [8])
  for (let i = 0; i < 100; i++) value = graph.op('Neg', [value], 'int32', [8])
  expect(peakBytes(reachable([value]), [value])).toBe(2 * 32)
})
