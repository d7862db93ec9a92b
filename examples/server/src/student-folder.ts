import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError } from '@kd/core'
import { load, type RuntimeStudent } from '@kd/runtime'

export const defaultStudent = fileURLToPath(new URL('../../sst2/out/student', import.meta.url))

/** Loads a saved student; where there is none, the error says how to make one. */
export async function loadFrom(folder = defaultStudent): Promise<RuntimeStudent> {
  try {
    return await load(resolve(folder))
  } catch (error) {
    if (!KdError.isInstance(error, 'missing')) throw error
    throw new KdError({
      kind: 'missing',
      what: `there is no student in ${folder}`,
      fix: 'Make one with npm run demo, or give the folder that student.save wrote: --student FOLDER.',
      cause: error,
    })
  }
}
