import { join } from 'node:path'
import { type Dataset, dataset } from '@kd/core'
import { inTerminal, type Watched } from '@kd/example-common'
import { fineTune, quantize } from '@kd/teacher-bert'
import { distill, evaluate } from '@kd/trainer'
import { confusionTable } from './confusion.ts'
import { type Plan, planOf } from './plan.ts'
import { rulesTeacher } from './rules.ts'

/** Labels and no teacher: a base is fine-tuned on them, checked in int8 on the validation part, and saved. */
async function ownTeacher({ train, validation, base, epochs, learningRate, maxLength, out }: Plan, watched: Watched) {
  const { teacher: exact } = await fineTune(base, train, {
    validation,
    epochs,
    learningRate,
    classWeights: 'balanced', // or the teacher forgets the smallest queue
    maxLength,
    from: import.meta.url,
    name: 'own teacher',
    ...watched,
  })
  const { teacher } = await quantize(exact, { dev: validation, mostLost: 0.1, name: 'own teacher' })
  await teacher.save(join(out, 'teacher'))
  await exact.dispose()
  return teacher
}

await inTerminal(
  async (watched) => {
    const plan = await planOf(process.argv.slice(2))
    for (const note of plan.notes) console.error(note)
    const { title, train, unlabelled, validation, test, perExample, steps, latencyRuns, out } = plan
    const { task } = train
    const teacher = plan.rules ? rulesTeacher(task.labels) : await ownTeacher(plan, watched)
    const all: Dataset = dataset(task, [...train, ...unlabelled])
    const { student, report } = await distill({
      title,
      data: { train: all, validation, test },
      teacher,
      augment: { perExample },
      training: { steps, batchSize: 64, evaluateEvery: Math.ceil(steps / 10) },
      latencyRuns,
      ...watched,
    })
    await student.save(join(out, 'student'), { card: { Results: report.toMarkdown() } })
    return { out, report, test, matrix: confusionTable(test, (await evaluate(student, test)).predictions) }
  },
  ({ out, report, test, matrix }) => {
    console.log(`\n${report}\n`)
    console.log(`The student's answers to the ${test.length} test texts:\n\n${matrix}\n`)
    console.log(`The student is in ${join(out, 'student')}, the teacher, if one was trained, in ${join(out, 'teacher')}.`)
  },
)
