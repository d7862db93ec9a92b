import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Vocabulary } from '@kd/runtime'
import { bilstm, createStudent, siamese } from '@kd/students'

const sizes = { hidden: 8, dense: 8, dimensions: 8 }

/** A saved student in miniature, untrained, for tests. */
export async function saveTinyStudent(folder: string): Promise<void> {
  const student = await createStudent(bilstm(sizes), {
    labels: ['negative', 'positive'],
    vocabulary: Vocabulary.build(["a warm and clever little film, isn't it?", 'a dull film']),
    seed: 1,
  })
  await student.save(folder)
  student.dispose()
}

/** The same of pairs, with questions to search. */
export async function saveTinyPairs(folder: string): Promise<void> {
  const subjects = ['italian', 'a laptop', 'rice', 'the violin', 'chess', 'a letter']
  const questions = ['how do I learn {}?', 'is {} hard?', 'what does {} cost?'].flatMap((question) =>
    subjects.map((subject) => question.replace('{}', subject)),
  )
  const student = await createStudent(siamese(sizes), {
    labels: ['not duplicate', 'duplicate'],
    vocabulary: Vocabulary.build(questions),
    seed: 1,
  })
  await student.save(join(folder, 'student'))
  student.dispose()
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'questions.txt'), questions.map((question) => `${question}\n`).join(''))
}
