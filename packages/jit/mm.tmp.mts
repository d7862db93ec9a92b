import { OnnxGraph } from '@kd/core/onnx'
import ort from 'onnxruntime-node'

const variants: any = {
  nn: (g: any, M: number, K: number, N: number) => {
    g.input('a', 'float32', [M, K])
    g.input('b', 'float32', [K, N])
    return g.node('MatMul', ['a', 'b'])
  },
  transA: (g: any, M: number, K: number, N: number) => {
    g.input('a', 'float32', [K, M])
    g.input('b', 'float32', [K, N])
    return g.node('Gemm', ['a', 'b'], { attributes: { transA: 1 } })
  },
  transpA: (g: any, M: number, K: number, N: number) => {
    g.input('a', 'float32', [K, M])
    g.input('b', 'float32', [K, N])
    return g.node('MatMul', [g.node('Transpose', ['a'], { attributes: { perm: [1, 0] } }), 'b'])
  },
  transB: (g: any, M: number, K: number, N: number) => {
    g.input('a', 'float32', [M, K])
    g.input('b', 'float32', [N, K])
    return g.node('Gemm', ['a', 'b'], { attributes: { transB: 1 } })
  },
  transpB: (g: any, M: number, K: number, N: number) => {
    g.input('a', 'float32', [M, K])
    g.input('b', 'float32', [N, K])
    return g.node('MatMul', ['a', g.node('Transpose', ['b'], { attributes: { perm: [1, 0] } })])
  },
}
const shapes = [
  [300, 1664, 1200],
  [150, 5120, 600],
  [256, 150, 600],
  [256, 600, 150],
  [1664, 300, 1200],
  [1664, 1200, 300],
]
const S: any = {}
for (const [M, K, N] of shapes as any)
  for (const v in variants) {
    const g = new OnnxGraph()
    g.output(variants[v](g, M, K, N), 'y', 'float32', [M, N])
    const s = await ort.InferenceSession.create(g.toBytes(), {
      intraOpNumThreads: 1,
      extra: { optimization: { disable_specified_optimizers: 'MatmulTransposeFusion;GemmTransposeFusion;MatMulScaleFusion' } },
    } as any)
    const feeds: any = {}
    for (const m of s.inputMetadata as any) {
      const n = m.shape[0] * m.shape[1]
      feeds[m.name] = new ort.Tensor('float32', Float32Array.from({ length: n }, Math.random), m.shape)
    }
    S[[M, K, N].join('x')] ??= {}
    S[[M, K, N].join('x')][v] = { s, feeds, t: [] }
  }
for (let r = 0; r < 15; r++)
  for (const k in S)
    for (const v in S[k]) {
      const { s, feeds, t } = S[k][v]
      const t0 = performance.now()
      await s.run(feeds)
      t.push(performance.now() - t0)
    }
for (const k in S) {
  const [M, K, N] = k.split('x').map(Number) as any
  console.log(
    k,
    Object.entries(S[k])
      .map(([v, x]: any) => v + ' ' + ((2 * M * K * N) / Math.min(...x.t) / 1e6).toFixed(0))
      .join('  '),
  )
}
