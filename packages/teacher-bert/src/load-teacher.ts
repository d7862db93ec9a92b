import { findModel } from './checkpoint/find-model.ts'
import { OnnxTeacher, type OnnxTeacherOptions } from './onnx-teacher.ts'
import { BertTeacher, type BertTeacherOptions } from './teacher.ts'

export interface LoadTeacherOptions extends BertTeacherOptions, OnnxTeacherOptions {}

/**
 * Loads a teacher of whatever is there: `BertTeacher` of weights, else `OnnxTeacher` of a graph.
 * @param source a folder, an installed package, or a repository of the Hugging Face hub (`owner/name@revision`)
 * @throws KdError as `BertTeacher.load` and `OnnxTeacher.load`
 */
export async function loadTeacher(source: string, options: LoadTeacherOptions = {}): Promise<BertTeacher | OnnxTeacher> {
  const found = await findModel(source, options)
  return found.weights.format === 'onnx' ? OnnxTeacher.of(found, options) : BertTeacher.of(found, options)
}
