import type { Value } from '../graph.ts'
import { refuseKernel } from '../refuse.ts'
import { leakyBy } from './binary.ts'
import { type Call, operand } from './lowering.ts'

const activations: Record<string, (call: Call, x: Value) => Value> = {
  linear: (_, x) => x,
  relu: ({ graph }, x) => graph.op('Relu', [x], x.type, x.shape),
  sigmoid: ({ graph }, x) => graph.op('Sigmoid', [x], x.type, x.shape),
  elu: ({ graph }, x) => graph.op('Elu', [x], x.type, x.shape),
  relu6: ({ graph }, x) => graph.op('Clip', [x, graph.scalar('float32', 0), graph.scalar('float32', 6)], x.type, x.shape),
  leakyrelu: ({ graph, attributes }, x) =>
    graph.op('LeakyRelu', [x], x.type, x.shape, { attributes: { alpha: { float: attributes.leakyreluAlpha } } }),
  prelu: (call, x) => leakyBy(call.graph, x, operand(call, 'preluActivationWeights')),
}

/** The activation that a fused kernel ends with. */
export function activated(call: Call, x: Value): Value {
  const name = call.attributes.activation ?? 'linear'
  const activate = activations[name]
  if (!activate) throw refuseKernel(call.kernel, `has the activation ${name}, which has no lowering`)
  return activate(call, x)
}
