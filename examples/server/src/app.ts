import type { Prediction, RuntimeStudent } from '@kd/runtime'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { refuse, refuseInvalid } from './answers.ts'
import { createMetrics } from './metrics.ts'
import { errorSchema, limits, predictionSchema, requestSchema } from './schema.ts'
import { QueueFull, WorkQueue } from './work-queue.ts'

export interface AppOptions {
  student: Pick<RuntimeStudent, 'predict' | 'labels' | 'task' | 'engine'>
  /** Requests are refused with 503 while so many texts wait. Default: 128, some 40 ms of work. */
  capacity?: number
  /** What `GET /metrics` answers. Default: this process's own metrics. */
  allMetrics?: () => Promise<string>
  logLevel?: 'error' | 'silent'
}

export interface App {
  readonly server: FastifyInstance
  /** This process's metrics, for whoever adds several up. */
  readonly metrics: ReturnType<typeof createMetrics>['registry']
  /** Answers what has come in, refuses what comes, ends. */
  stop(): Promise<void>
}

type Body = { text: string; texts?: undefined } | { text?: undefined; texts: string[] }

/** An HTTP server around a student: see README.md for its routes. */
export function createApp({ student, capacity = 128, allMetrics, logLevel = 'error' }: AppOptions): App {
  const queue = new WorkQueue<Prediction>((text) => student.predict(text), { capacity })
  const metrics = createMetrics(() => queue.length)
  let stopping = false
  const server = fastify({
    bodyLimit: limits.bytes,
    logger: { level: logLevel },
    forceCloseConnections: 'idle',
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  })
  for (const schema of [requestSchema, predictionSchema, errorSchema]) server.addSchema(schema)
  server.setErrorHandler((error: Parameters<typeof refuseInvalid>[0], _, reply) => refuseInvalid(error, reply))
  server.setNotFoundHandler((request, reply) =>
    refuse(reply, 404, `there is no ${request.method} ${request.url}`, 'POST /predict, GET /schema, /health, /metrics.'),
  )
  // A connection that is in use when the server stops is closed after its answer.
  server.addHook('onSend', async (_, reply) => void (stopping && reply.header('connection', 'close')))
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.seconds.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })

  const overloaded = (reply: FastifyReply) => {
    metrics.refused.inc()
    reply.header('retry-after', '1')
    return refuse(reply, 503, 'the server has more to do than it can', 'Try again in a second.')
  }
  const shown = ({ label, probability, probabilities }: Prediction) => {
    metrics.texts.inc({ label })
    return { label, probability, probabilities: Object.fromEntries(student.labels.map((name, index) => [name, probabilities[index]])) }
  }

  server.post<{ Body: Body }>('/predict', {
    schema: { body: { $ref: 'request#' } },
    // Before the body is read: refusing must cost little when there is too much to do.
    onRequest: async (_, reply) => (queue.full ? overloaded(reply) : undefined),
    async handler({ body }, reply) {
      try {
        const predictions = await queue.run(body.texts ?? [body.text], () => !reply.raw.destroyed)
        return body.texts ? { predictions: predictions.map(shown) } : shown(predictions[0]!)
      } catch (error) {
        if (error instanceof QueueFull) return overloaded(reply)
        throw error
      }
    },
  })
  server.get('/schema', async () => ({ request: requestSchema, prediction: predictionSchema, error: errorSchema }))
  server.get('/health', async (_, reply) => {
    const { labels, task, engine } = student
    return reply
      .code(stopping ? 503 : 200)
      .send({ status: stopping ? 'stopping' : 'ok', labels, task, engine, pid: process.pid, waiting: queue.length })
  })
  server.get('/metrics', async (_, reply) => {
    reply.type(metrics.registry.contentType)
    return allMetrics ? allMetrics() : metrics.registry.metrics()
  })

  return {
    server,
    metrics: metrics.registry,
    async stop() {
      stopping = true
      await server.close()
    },
  }
}
