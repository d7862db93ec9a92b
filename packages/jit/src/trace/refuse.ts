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

/**
 * What can't be recorded is refused, never approximated: with the kernel's name and the user's line.
 * @param where the user's line, where it is not the present call's
 */
export function refuse(what: string, fix: string, where?: KdError['where']): KdError {
  return new KdError({ kind: 'engine', what, where: where ?? userLine() ?? {}, fix })
}

export function refuseKernel(kernel: string, reason = 'has no lowering to ONNX'): KdError {
  return refuse(
    `jit can't trace the TensorFlow.js kernel ${kernel}: it ${reason}`,
    'Write it with other operations, or compute it outside the traced function and pass it in.',
  )
}
