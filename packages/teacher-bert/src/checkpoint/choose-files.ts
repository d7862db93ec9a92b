import { KdError } from '@kd/core'
import { modelFiles, onnxFiles, pickledFile } from './model-files.ts'
import { pickledWeights } from './weights-files.ts'

/** What a model is read from. */
export interface ChosenFiles {
  readonly format: 'safetensors' | 'onnx'
  /** Of an ONNX model: its graph. */
  readonly graph?: string
  /** All files that loading reads. */
  readonly all: readonly string[]
}

const describing = Object.values(modelFiles).filter((name) => name !== modelFiles.weights && name !== modelFiles.shards)
const shardName = /^model-\d+-of-(\d+)\.safetensors$/

/**
 * Of a folder's or repository's paths those that make up the model: `model.safetensors`, else its shards, else an ONNX graph.
 * @param model names it in errors
 * @param file the graph that is wanted, such as `onnx/model_quantized.onnx`
 * @throws KdError of kind `missing` where there are no weights, `mismatch` where they are in a file that runs code alone
 */
export function chooseModelFiles(paths: readonly string[], model: string, file?: string): ChosenFiles {
  const has = new Set(paths)
  const common = describing.filter((name) => has.has(name))
  const onnx = (graph: string): ChosenFiles => {
    const apart = [`${graph}_data`, `${graph}.data`].find((name) => has.has(name))
    if (apart === undefined) return { format: 'onnx', graph, all: [...common, graph] }
    throw new KdError({
      kind: 'mismatch',
      what: `the weights of ${graph} lie apart from it, in ${apart}`,
      where: { file: model },
      fix: 'Save the graph with its weights in it, in Python: `onnx.save(onnx.load(path), path)`, for graphs below 2 GB.',
    })
  }
  if (file !== undefined) {
    if (has.has(file)) return onnx(file)
    const graphs = paths.filter((path) => path.endsWith('.onnx'))
    throw new KdError({
      kind: 'missing',
      what: `it has no ${file}${graphs.length > 0 ? `, but ${graphs.join(', ')}` : ', nor any other graph'}`,
      where: { file: model, option: 'file' },
    })
  }
  if (has.has(modelFiles.weights)) return { format: 'safetensors', all: [...common, modelFiles.weights] }
  const shards = paths.filter((path) => shardName.test(path))
  if (has.has(modelFiles.shards)) {
    const wanted = Number(shardName.exec(shards[0] ?? '')?.[1] ?? 1)
    if (shards.length >= wanted) return { format: 'safetensors', all: [...common, modelFiles.shards, ...shards] }
    throw new KdError({
      kind: 'missing',
      what: `it has ${shards.length} of the ${wanted} files of its weights`,
      where: { file: model },
      fix: 'Fetch or copy it again.',
    })
  }
  const graph = onnxFiles.find((name) => has.has(name))
  if (graph !== undefined) return onnx(graph)
  const pickled = paths.find((path) => pickledFile.test(path))
  if (pickled !== undefined) throw pickledWeights(pickled, model)
  const kept = [modelFiles.weights, modelFiles.shards, ...onnxFiles]
  throw new KdError({
    kind: 'missing',
    what: `there are no weights: none of ${kept.join(', ')}`,
    where: { file: model },
    fix: 'Save them: `model.save_pretrained(folder)`, or export the model to ONNX.',
  })
}
