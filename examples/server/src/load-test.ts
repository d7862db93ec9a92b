/**
 * Requests a second and latencies of the server, by autocannon in this process:
 *
 *   npm run load-test --workspace @kd/example-server -- [--student FOLDER] [--seconds 8] [--json FILE]
 *
 * For one process and for `cluster`: first as many requests as 32 connections get answered (closed load: its capacity), then open
 * loads at shares of that capacity, below and above it. Each request has one text of 5 to 40 words.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Random } from '@kd/core'
import { loadStudent } from '@kd/students'
import autocannon from 'autocannon'
import { defaultStudent, loadFrom } from './student-folder.ts'

const { values } = parseArgs({
  options: { student: { type: 'string' }, seconds: { type: 'string', default: '8' }, json: { type: 'string' } },
})
const place = (path: string) => resolve(process.env.INIT_CWD ?? process.cwd(), path)
const student = values.student === undefined ? defaultStudent : place(values.student)
const seconds = Number(values.seconds)
const instances = 20
const connectionsAtMost = 500
/** Seconds at the beginning of a run that are not counted: all connections are made then. Whole seconds are when autocannon sends. */
const runIn = 1.5

interface Row {
  processes: number
  load: string
  /** A second. */
  asked: number
  answered: number
  refused: number
  /** Requests that got neither 200 nor 503. */
  failed: number
  /** Milliseconds from a request to its 200. */
  p50: number
  p99: number
  /** The same to its 503. */
  refusedP99: number
}

const requests = (await texts()).map((text) => ({ body: JSON.stringify({ text }) }))
const rows: Row[] = []
console.log(await alone())
for (const processes of [...new Set([1, availableParallelism()])]) {
  const server = await start(processes)
  try {
    await measure(server.url, processes, 'warm-up', { duration: 3 })
    const closed = await measure(server.url, processes, 'closed, 32 connections', {})
    show(closed)
    for (const share of [0.5, 0.8, 1.5, 2.5]) {
      show(await measure(server.url, processes, `open, ${share} of capacity`, { rate: closed.answered * share }))
    }
  } finally {
    server.child.kill('SIGTERM')
  }
  const code = await server.ended
  if (code !== 0) throw new Error(`the server ended with ${code}`)
}
console.log(table(rows))
if (values.json) {
  const machine = { cpu: cpus()[0]!.model, cores: availableParallelism(), node: process.version }
  await writeFile(
    place(values.json),
    `${JSON.stringify({ name: 'http', date: new Date().toISOString(), machine, seconds, rows }, null, 2)}\n`,
  )
}

function show(row: Row): void {
  rows.push(row)
  console.error(`${row.processes} ${row.load}: ${Math.round(row.answered)} answered a second`)
}

/** Words as frequent as their place in the vocabulary says, which stands by falling frequency. */
async function texts(): Promise<string[]> {
  const saved = await loadStudent(student)
  const known = saved.vocabulary.words.slice(3)
  saved.dispose()
  const random = new Random(1, 'load test')
  const word = () => known[Math.floor(known.length ** random.uniform()) - 1]!
  return Array.from({ length: 1000 }, () => Array.from({ length: 5 + Math.floor(36 * random.uniform()) }, word).join(' '))
}

/** The student without a server, for comparison. */
async function alone(): Promise<string> {
  const loaded = await loadFrom(student)
  const all = requests.map(({ body }) => (JSON.parse(body) as { text: string }).text)
  for (const text of all) loaded.predict(text)
  const times = all.map((text) => {
    const begun = performance.now()
    loaded.predict(text)
    return performance.now() - begun
  })
  const sum = times.reduce((total, time) => total + time, 0)
  return `without a server: ${Math.round((1000 * all.length) / sum)} predictions a second (engine ${loaded.engine})`
}

async function start(processes: number): Promise<{ url: string; child: ChildProcess; ended: Promise<number | null> }> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const args = ['--conditions=@kd/source', '--import', 'tsx', main, '--port', '0', '--student', student, '--workers', String(processes)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => {
      const found = /listening on (\S+)/.exec(String(text))
      if (found) resolve(found[1]!)
    })
    void ended.then((code) => reject(new Error(`the server ended with ${code}`)))
  })
  return { url, child, ended }
}

type Times = Record<'200' | '503', number[]>

/**
 * @param rate requests a second, whatever the answers take (open load); without it each connection asks again once it is answered
 */
async function measure(url: string, processes: number, load: string, { rate, duration = seconds }: { rate?: number; duration?: number }) {
  const times: Times = { 200: [], 503: [] }
  const shared = {
    url: `${url}/predict`,
    method: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    duration: Math.ceil(runIn + duration),
    timeout: 20,
  }
  const failures =
    rate === undefined
      ? await ask({ ...shared, requests, connections: 32 }, times, duration)
      : await Promise.all(
          // autocannon sends all that a connection may send in a second at its beginning: staggered instances spread the requests.
          Array.from({ length: instances }, async (_, index) => {
            await new Promise((resolve) => setTimeout(resolve, (1000 * index) / instances))
            const own = requests.filter((_, place) => place % instances === index)
            const overallRate = Math.round(rate / instances)
            const connections = Math.min(overallRate, connectionsAtMost / instances)
            return ask({ ...shared, requests: own, connections, overallRate }, times, duration)
          }),
        ).then((all) => all.reduce((sum, failed) => sum + failed, 0))
  const row: Row = {
    processes,
    load,
    asked: rate ?? (times[200].length + times[503].length) / duration,
    answered: times[200].length / duration,
    refused: times[503].length / duration,
    failed: failures,
    p50: quantile(times[200], 0.5),
    p99: quantile(times[200], 0.99),
    refusedP99: quantile(times[503], 0.99),
  }
  return row
}

/** One run of autocannon; adds the response times of `seconds`, and returns how many requests got neither 200 nor 503. */
function ask(options: autocannon.Options, times: Times, seconds: number): Promise<number> {
  let others = 0
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    const run = autocannon(options, (error, { errors } = { errors: 0 } as autocannon.Result) => {
      if (error) reject(error)
      else resolve(errors + others)
    })
    run.on('response', (_, status: number, __, time: number) => {
      const counted = (performance.now() - begun) / 1000 - runIn
      if (status !== 200 && status !== 503) others++
      else if (counted >= 0 && counted < seconds) times[status].push(time)
    })
  })
}

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

function table(rows: readonly Row[]): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en')
  const time = (value: number) => (Number.isNaN(value) ? '' : value.toFixed(1))
  return [
    '| processes | load | asked/s | answered/s | 503/s | failed | p50 ms | p99 ms | p99 of 503 ms |',
    '|--:|---|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map(
      (row) =>
        `| ${row.processes} | ${row.load} | ${whole(row.asked)} | ${whole(row.answered)} | ${whole(row.refused)} | ${row.failed} | ${time(row.p50)} | ${time(row.p99)} | ${time(row.refusedP99)} |`,
    ),
  ].join('\n')
}
