import cluster, { type Worker } from 'node:cluster'
import { AggregatorRegistry } from 'prom-client'
import { createApp } from './app.ts'
import type { Running } from './one-process.ts'
import type { Settings } from './settings.ts'
import { loadFrom } from './student-folder.ts'

// Between the processes: a worker says where it listens, or asks for the metrics of all; the first process answers, or says stop.
type ToWorker = { kd: 'metrics'; id: number; text?: string } | { kd: 'stop' }
type ToPrimary = { kd: 'listening'; url: string } | { kd: 'failed'; message: string } | { kd: 'metrics'; id: number }

/** The first process: starts the workers, replaces one that dies, adds up their metrics, passes on the wish to stop. */
export async function runWorkers({ workers }: Settings): Promise<Running> {
  const registry = new AggregatorRegistry()
  let stopping = false
  const start = () =>
    new Promise<string>((resolve, reject) => {
      const worker = cluster.fork()
      worker.on('message', async (message: ToPrimary) => {
        if (message.kd === 'listening') {
          resolve(message.url)
          // It was still loading when the others were told.
          if (stopping) send(worker, { kd: 'stop' })
        } else if (message.kd === 'failed') reject(new Error(message.message))
        else if (message.kd === 'metrics') {
          const text = await registry.clusterMetrics().catch(() => undefined)
          send(worker, { kd: 'metrics', id: message.id, ...(text !== undefined && { text }) })
        }
      })
      worker.on('exit', (code, signal) => {
        reject(new Error(`a worker ended with ${signal ?? code}`))
        if (stopping || !started) return
        console.error(`worker ${worker.process.pid} ended with ${signal ?? code}: starting another`)
        setTimeout(() => void start().catch((error) => console.error((error as Error).message)), 1000)
      })
    })
  let started = false
  const stop = async () => {
    stopping = true
    const alive = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    await Promise.all(
      alive.map((worker) => {
        const ended = new Promise((resolve) => worker.once('exit', resolve))
        send(worker, { kd: 'stop' })
        return ended
      }),
    )
  }
  try {
    const [url] = await Promise.all(Array.from({ length: workers }, start))
    started = true
    return { url: url!, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A worker: one process that answers on the port they share. */
export async function runWorker({ student: folder, host, port, capacity }: Settings): Promise<void> {
  const asked = new Map<number, (text: string | undefined) => void>()
  let questions = 0
  const allMetrics = () =>
    new Promise<string>((resolve, reject) => {
      asked.set(++questions, (text) => (text === undefined ? reject(new Error('a worker did not tell its metrics')) : resolve(text)))
      process.send!({ kd: 'metrics', id: questions } satisfies ToPrimary)
    })
  try {
    const app = createApp({ student: await loadFrom(folder), capacity, allMetrics })
    AggregatorRegistry.setRegistries(app.metrics)
    // Listens for the first process's question.
    new AggregatorRegistry()
    process.on('message', async (message: ToWorker) => {
      if (message.kd === 'metrics') {
        asked.get(message.id)?.(message.text)
        asked.delete(message.id)
      } else if (message.kd === 'stop') {
        await app.stop()
        process.exit(0)
      }
    })
    process.on('disconnect', () => process.exit(1))
    process.send!({ kd: 'listening', url: await app.server.listen({ host, port }) } satisfies ToPrimary)
  } catch (error) {
    process.send!({ kd: 'failed', message: (error as Error).message } satisfies ToPrimary, () => process.exit(1))
  }
}

function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message)
}
