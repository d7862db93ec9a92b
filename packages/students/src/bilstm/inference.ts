import { OnnxGraph } from '@kd/core/onnx'
import { loadOnnx } from '@kd/jit'
import { appendLogits, appendStates, floatArithmetic } from '../encoder/graph.ts'
import {
  graphInputs,
  type Inference,
  type InferenceParts,
  inBatches,
  type LayersParts,
  layersLogits,
  layersStates,
  type TextIds,
  valuesOf,
} from '../student/inference.ts'

/** One ONNX model with free batch and length: `ids` int32 `[length, batch]` and `lengths` int32 `[batch]` to `logits`. */
export async function bilstmInference(parts: InferenceParts): Promise<Inference> {
  const graph = new OnnxGraph()
  const ids = graph.input('ids', 'int32', ['length', 'batch'])
  const lengths = graph.input('lengths', 'int32', ['batch'])
  const arithmetic = floatArithmetic(graph, parts)
  const logits = appendLogits(graph, parts, appendStates(graph, parts, { ids, lengths }, arithmetic), arithmetic)
  graph.output(logits, 'logits', 'float32', ['batch', parts.sizes.classes])
  const session = await loadOnnx(graph.toBytes('bilstm'))
  return {
    ...batched(parts.sizes.classes, async (texts) => (await session.run({ ...graphInputs(texts) })).logits!.data as Float32Array),
    dispose: () => session.dispose(),
  }
}

export function bilstmOnLayers(parts: LayersParts): Inference {
  return {
    ...batched(parts.sizes.classes, (texts) => valuesOf(() => layersLogits(parts, layersStates(parts, texts)))),
    dispose: async () => {},
  }
}

const batched = (width: number, run: (texts: readonly Int32Array[]) => Promise<Float32Array>): Pick<Inference, 'logits'> => ({
  logits: (examples, signal) =>
    inBatches<TextIds>(examples, { width, texts: (example) => example, run: (rows) => run(rows.map(([text]) => text!)), signal }),
})
