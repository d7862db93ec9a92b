import { Vocabulary } from '@kd/runtime'
import { bilstm, createStudent } from '@kd/students'

/** A saved student in miniature, untrained, for tests. */
export async function saveTinyStudent(folder: string): Promise<void> {
  const student = await createStudent(bilstm({ hidden: 8, dense: 8, dimensions: 8 }), {
    labels: ['negative', 'positive'],
    vocabulary: Vocabulary.build(["a warm and clever little film, isn't it?", 'a dull film']),
    seed: 1,
  })
  await student.save(folder)
  student.dispose()
}
