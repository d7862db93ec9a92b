import { join } from 'node:path'
import type { Student, StudentDescription } from '@kd/students'
import { type MeasuredModel, measure } from '../evaluation/measure.ts'
import type { LabelMap } from '../labelling/label-map.ts'
import type { ReportRow } from '../report/facts.ts'
import type { TrainOptions } from '../train/options.ts'
import { train } from '../train/train.ts'
import type { TrainingData } from '../train/training-set.ts'
import type { Parts } from './inputs.ts'
import type { DistillOptions } from './options.ts'

/** Trains and measures one row of the report after the other, under the same conditions. */
export class Comparison {
  readonly rows: ReportRow[] = []
  readonly seconds = { train: 0, evaluate: 0 }
  readonly #parts: Parts
  readonly #options: DistillOptions
  readonly #seeds: readonly number[]

  constructor(parts: Parts, options: DistillOptions, seeds: readonly number[]) {
    this.#parts = parts
    this.#options = options
    this.#seeds = seeds
  }

  /** The teacher's row; of a teacher nothing is trained, so that it has the same values for each seed. */
  async teacher(teacher: MeasuredModel, labelMap?: LabelMap): Promise<void> {
    await this.#measure('teacher', Array(this.#seeds.length).fill(teacher), labelMap)
  }

  /** A row of students, one for each seed, which have the weights that were best on validation. */
  async students(row: string, description: StudentDescription, data: TrainingData, training: TrainOptions): Promise<Student[]> {
    const students: Student[] = []
    try {
      for (const seed of this.#seeds) students.push(await this.#train(row, description, data, { ...training, seed }))
      await this.#measure(row, students)
      return students
    } catch (error) {
      for (const student of students) student.dispose()
      throw error
    }
  }

  async #train(row: string, description: StudentDescription, data: TrainingData, training: TrainOptions): Promise<Student> {
    const { cache, signal, onProgress } = this.#options
    const { student, seconds } = await train(description, data, {
      ...training,
      name: this.#seeds.length > 1 ? `${row}, seed ${training.seed}` : row,
      validation: this.#parts.validation,
      checkpoint: cache === undefined ? undefined : { file: join(cache, `${row}-${training.seed}.safetensors`) },
      signal,
      onProgress,
    })
    this.seconds.train += seconds
    return student
  }

  async #measure(name: string, models: readonly MeasuredModel[], labelMap?: LabelMap): Promise<void> {
    const { latencyRuns, signal, onProgress } = this.#options
    const { validation, test } = this.#parts
    const began = performance.now()
    this.rows.push(await measure(name, models, { validation, test, labelMap, latencyRuns, signal, onProgress }))
    this.seconds.evaluate += (performance.now() - began) / 1000
  }
}
