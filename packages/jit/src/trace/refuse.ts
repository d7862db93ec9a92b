import { KdError } from '@kd/core'

const ours = new URL('..', import.meta.url).pathname
const theirs =
  /node_modules\/@tensorflow\/|[/\\]tfjs-(core|layers|backend-\w+)[/\\]src[/\\]|node:internal|[/\\]@kd[/\\]jit[/\\]|^\s*at (new )?Promise|<anonymous>$/

/** The user's line that the present call comes from: the first frame that is neither ours nor TensorFlow.js's. */
export function userLine(): { file: string; line: number } | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  const stack = new Error().stack ?? ''
  Error.stackTraceLimit = limit
  for (const frame of stack.split('\n').slice(1)) {
    if (theirs.test(frame) || (frame.includes(ours) && !frame.includes('.test.'))) continue
    const place = /\(?(?:file:\/\/)?([^()\s]+):(\d+):\d+\)?$/.exec(frame)
    if (place) return { file: place[1]!, line: Number(place[2]) }
  }
  return undefined
}

/** Pages that lie in the package: a test finds them and their headings. */
export const pages = {
  operations: 'OPS.md',
  refused: 'README.md#what-it-refuses',
  sideEffects: 'README.md#randomness-and-side-effects',
  steps: 'README.md#training-steps',
} as const

/** What to do, with the page that says more. */
export const see = (fix: string, page: keyof typeof pages): string => fix.replace(/\.$/, ` (see @kd/jit/${pages[page]}).`)

/**
 * What can't be recorded is refused, never approximated: with the kernel's name and the user's line.
 * @param where the user's line, where it is not the present call's
 */
export function refuse(what: string, fix: string, where?: KdError['where'], page: keyof typeof pages = 'refused'): KdError {
  return new KdError({ kind: 'engine', what, where: where ?? userLine() ?? {}, fix: see(fix, page) })
}

export function refuseKernel(kernel: string, reason = 'has no lowering to ONNX'): KdError {
  return refuse(
    `jit can't trace the TensorFlow.js kernel ${kernel}: it ${reason}`,
    'Write it with other operations, or compute it outside the traced function and pass it in.',
    undefined,
    'operations',
  )
}
