import { KdError, type OnProgress } from '@kd/core'
import { showProgress } from './progress.ts'

export interface Watched {
  /** Aborted by Ctrl-C; a second one ends the process. */
  signal: AbortSignal
  /** Shows how far it is. */
  onProgress: OnProgress
}

/** Does the work under a progress display, then shows the result. What went wrong is one message, without a stack. */
export async function inTerminal<Result>(
  work: (watched: Watched) => Promise<Result>,
  show: (result: Result) => void | Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('Ctrl-C')))
  const progress = showProgress()
  try {
    const result = await work({ signal: stop.signal, onProgress: progress.onProgress })
    progress.stop()
    await show(result)
  } catch (error) {
    progress.stop()
    if (!KdError.isInstance(error)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
