import { type FileSystem, writeFolderAtomic } from '@kd/core/node'
import { io } from '@tensorflow/tfjs-core'
import type { Student } from '../student/student.ts'
import { stockModel } from './stock-model.ts'
import { studentTokenizer } from './student-tokenizer.ts'

export interface ExportLayersModelOptions {
  /** Default: the machine's. */
  fileSystem?: FileSystem
}

/**
 * Writes a folder that plain TensorFlow.js opens, whole or not at all: `model.json` and `weights.bin` for
 * `tf.loadLayersModel`, with layers of TensorFlow.js alone, and `tokenizer.json`. Word ids int32 `[batch, length]`, at
 * least one a row, padded with 0 behind the words (of pairs two such inputs), to logits `[batch, classes]`; `model.getUserDefinedMetadata()` has
 * `labels` and `maxLength`.
 * @returns how many bytes it has
 * @throws KdError of kind `option` where the folder holds something else, `numeric` for weights that are not finite, or `io`; what was there before is untouched
 */
export async function exportLayersModel(
  student: Student,
  folder: string,
  { fileSystem }: ExportLayersModelOptions = {},
): Promise<{ bytes: number }> {
  const encoded: Record<string, Uint8Array> = {}
  const model = stockModel(student)
  try {
    model.setUserDefinedMetadata({ labels: student.labels, maxLength: student.description.maxLength })
    await model.save(
      io.withSaveHandler(async (artifacts) => {
        const { json, weights } = layersModelFiles(artifacts)
        encoded['model.json'] = new TextEncoder().encode(json)
        encoded['weights.bin'] = weights
        return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) }
      }),
    )
  } finally {
    model.dispose()
  }
  encoded['tokenizer.json'] = new TextEncoder().encode(JSON.stringify(studentTokenizer(student)))
  await writeFolderAtomic(folder, encoded, { fileSystem })
  return { bytes: Object.values(encoded).reduce((total, { byteLength }) => total + byteLength, 0) }
}

/** The form that TensorFlow.js's own savers give `model.json`. */
function layersModelFiles({ weightSpecs, weightData, ...artifacts }: io.ModelArtifacts): { json: string; weights: Uint8Array } {
  const json = { ...artifacts, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] }
  return { json: JSON.stringify(json), weights: new Uint8Array(io.CompositeArrayBuffer.join(weightData)) }
}
