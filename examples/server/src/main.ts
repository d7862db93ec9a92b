import cluster from 'node:cluster'
import { KdError } from '@kd/core'
import { runWorker, runWorkers } from './many-processes.ts'
import { runHere } from './one-process.ts'
import { settingsOf } from './settings.ts'

/** Longer than any answer takes; whoever still waits then is let go. */
const stopMilliseconds = 10_000

// The first process alone decides when all of them stop.
if (cluster.isWorker) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})

try {
  const settings = settingsOf(process.argv.slice(2))
  if (cluster.isWorker) await runWorker(settings)
  else {
    const running = settings.workers === 1 ? await runHere(settings) : await runWorkers(settings)
    console.log(`listening on ${running.url}${settings.workers === 1 ? '' : ` with ${settings.workers} processes`}`)
    const stop = async () => {
      setTimeout(() => process.exit(1), stopMilliseconds).unref()
      await running.stop()
      console.log('stopped')
      process.exit(0)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  }
} catch (error) {
  console.error(KdError.isInstance(error) ? error.message : error)
  process.exit(1)
}
