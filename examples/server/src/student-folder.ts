import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KdError } from '@kd/core'
import { load, type RuntimeStudent } from '@kd/runtime'

export const defaultStudent = fileURLToPath(new URL('../../sst2/out/student', import.meta.url))

/**
 * Loads a saved student; where there is none, the error says how to make one.
 * @throws KdError of kind `missing`, `option` for a student of pairs, or what `load` throws
 */
export async function loadFrom(folder = defaultStudent): Promise<RuntimeStudent> {
  const student = await load(resolve(folder)).catch((cause) => {
    if (!KdError.isInstance(cause, 'missing')) throw cause
    const fix = 'Make one with npm run demo, or give the folder that student.save wrote: --student FOLDER.'
    throw new KdError({ kind: 'missing', what: `there is no student in ${folder}`, fix, cause })
  })
  if (student.kind === 'bilstm') return student
  throw new KdError({ kind: 'option', what: 'it reads pairs of texts, this server takes one', where: { option: '--student' } })
}
