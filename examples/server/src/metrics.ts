import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What Prometheus is told, besides memory and processor time. */
export function createMetrics(queueLength: () => number) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'kd_queue_texts',
    help: 'Texts that wait for an answer',
    registers,
    collect() {
      this.set(queueLength())
    },
  })
  return {
    registry,
    texts: new Counter({ name: 'kd_predicted_texts_total', help: 'Texts answered, by label', labelNames: ['label'], registers }),
    refused: new Counter({ name: 'kd_refused_requests_total', help: 'Requests refused with 503 because the queue was full', registers }),
    seconds: new Histogram({
      name: 'kd_request_seconds',
      help: 'Seconds from the request to its answer, by route and status',
      labelNames: ['route', 'status'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
      registers,
    }),
  }
}
