import { join } from 'node:path'
import { KdError } from '@kd/core'
import { readFileBytes } from '@kd/core/node'
import { modelFiles, readConfig, readModel, readPacked } from '@kd/runtime'
import { type FloatStudent, unpackStudent } from './packing/pack.ts'
import { sizesOf } from './student/sizes.ts'
import type { Student } from './student/student.ts'
import { TensorflowStudent } from './student/tensorflow-student.ts'
import { fromNamed } from './student/weights.ts'
import { readyTensorflow } from './tensorflow.ts'

/**
 * Loads the folder that `student.save` wrote. All of it is checked before any of it is used. A packed student has the
 * weights that its whole numbers stand for.
 * @throws KdError of kind `missing`, `io`, `format` or `mismatch`, with the file
 */
export async function loadStudent(folder: string): Promise<Student> {
  const read = (name: string) =>
    readFileBytes(join(folder, name)).catch((error) => {
      throw KdError.isInstance(error, 'missing') ? notSaved(join(folder, name), error) : error
    })
  const model = await readFloats(read, folder)
  const { formatVersion: _, task, labels, ...description } = model.config
  const dense = fromNamed(model.weights, sizesOf(description, labels.length))
  await readyTensorflow()
  return new TensorflowStudent({ description, vocabulary: model.vocabulary, labels, task, embeddings: model.weights, dense })
}

async function readFloats(read: (name: string) => Promise<Uint8Array>, folder: string): Promise<FloatStudent> {
  const config = await read(modelFiles.config)
  if (readConfig(config, join(folder, modelFiles.config)).weights) {
    return unpackStudent(readPacked(await read(modelFiles.weights), join(folder, modelFiles.weights)))
  }
  const [vocabulary, weights] = await Promise.all([read(modelFiles.vocabulary), read(modelFiles.weights)])
  return readModel({ config, vocabulary, weights }, folder)
}

const notSaved = (file: string, cause: unknown) =>
  new KdError({ kind: 'missing', what: 'there is no such file', where: { file }, fix: 'Give the folder that student.save wrote.', cause })
