import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { KdError } from '@kd/core'
import { defaultStudent } from './student-folder.ts'

export interface Settings {
  student: string
  host: string
  port: number
  /** Processes that answer. */
  workers: number
  /** Requests are refused while so many texts wait in a process. */
  capacity: number
}

export const usage = `npm start --workspace @kd/example-server -- [options]
  --student FOLDER  what student.save wrote (default: the demo's, examples/sst2/out/student)
  --port N          (default: 8080; 0 takes a free one)
  --host NAME       (default: 127.0.0.1)
  --workers N       processes that answer (default: 1)
  --capacity N      texts that wait in a process when it begins to refuse (default: 128)`

export function settingsOf(argv: readonly string[]): Settings {
  const { student, host, port, workers, capacity } = parse(argv)
  return {
    // npm runs scripts in the workspace; a path is meant from where the user stands.
    student: student === undefined ? defaultStudent : resolve(process.env.INIT_CWD ?? process.cwd(), student),
    host,
    port: whole('--port', port, 0, 65_535),
    workers: whole('--workers', workers, 1, 1_000),
    capacity: whole('--capacity', capacity, 1, 1_000_000),
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        student: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '8080' },
        workers: { type: 'string', default: '1' },
        capacity: { type: 'string', default: '128' },
      },
    }).values
  } catch (error) {
    throw new KdError({ kind: 'option', what: (error as Error).message, fix: usage })
  }
}

function whole(option: string, value: string, minimum: number, maximum: number): number {
  const number = Number(value)
  if (value.trim() !== '' && Number.isInteger(number) && number >= minimum && number <= maximum) return number
  throw new KdError({ kind: 'option', what: `${value} is not a whole number from ${minimum} to ${maximum}`, where: { option }, fix: usage })
}
