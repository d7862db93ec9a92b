import { type FileSystem, writeFileAtomic } from '@kd/core/node'
import type { Student } from '../student/student.ts'
import { studentTokenizer } from './student-tokenizer.ts'

export interface ExportTokenizerOptions {
  /** Default: the machine's. */
  fileSystem?: FileSystem
}

/**
 * Writes the student's tokeniser and vocabulary as a `tokenizer.json`, whole or not at all, which Hugging Face's
 * `tokenizers` (Python, Rust) and `@huggingface/tokenizers` read: the same words and ids, cut after the student's
 * `maxLength`, a batch padded with 0. A text without words has no ids there; the exported models take that for one
 * unknown word, as the student does.
 * @returns how many bytes it has
 * @throws KdError of kind `io`; what was there before is untouched
 */
export async function exportTokenizer(
  student: Student,
  file: string,
  { fileSystem }: ExportTokenizerOptions = {},
): Promise<{ bytes: number }> {
  const bytes = new TextEncoder().encode(JSON.stringify(studentTokenizer(student)))
  await writeFileAtomic(file, bytes, { fileSystem })
  return { bytes: bytes.byteLength }
}
