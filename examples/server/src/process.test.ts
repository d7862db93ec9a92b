import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsOf } from './settings.ts'
import { saveTinyStudent } from './tiny-student.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-server-'))
  await saveTinyStudent(join(folder, 'student'))
}, 60_000)
const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

interface Server {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  readonly url: string
  printed(): string
}

/** Starts the server as a user does, and waits until it listens or ends. */
async function start(...args: string[]): Promise<Server> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@kd/source', '--import', 'tsx', main, '--port', '0', ...args])
  children.push(child)
  let printed = ''
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        printed += text
        if (printed.includes('listening on')) resolve()
      })
    }
  })
  await Promise.race([listening, ended])
  return { child, ended, url: /listening on (\S+)/.exec(printed)?.[1] ?? '', printed: () => printed }
}

const predict = (url: string, body: object) =>
  fetch(`${url}/predict`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

test('one process: answers, and on SIGTERM answers what it has taken before it ends', { timeout: 60_000 }, async () => {
  const { child, url, ended, printed } = await start('--student', join(folder, 'student'))
  expect((await predict(url, { text: 'a warm film' })).status).toBe(200)
  const body = JSON.stringify({ texts: ['a warm film', 'a dull film'] })
  const headers = { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' }
  const taken = request(`${url}/predict`, { method: 'POST', headers })
  taken.flushHeaders()
  await once(taken, 'continue')
  child.kill('SIGTERM')
  const refused = () =>
    fetch(`${url}/health`, { headers: { connection: 'close' } }).then(
      () => false,
      () => true,
    )
  await expect.poll(refused, { timeout: 8_000 }).toBe(true)
  taken.end(body)
  const [response] = (await once(taken, 'response')) as [IncomingMessage]
  expect([response.statusCode, response.headers.connection]).toEqual([200, 'close'])
  expect(((await json(response)) as { predictions: unknown[] }).predictions).toHaveLength(2)
  expect(await ended).toBe(0)
  expect(printed()).toContain('stopped')
})

test('several processes: one port, one sum of metrics, a dead one is replaced, all stop', { timeout: 60_000 }, async () => {
  const { child, url, ended, printed } = await start('--student', join(folder, 'student'), '--workers', '2')
  expect(printed()).toContain('with 2 processes')
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => predict(url, { text: `a film ${i}` })))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const counts = [...metrics.matchAll(/^kd_predicted_texts_total\{label="\w+"\} (\d+)$/gm)].map(([, count]) => Number(count))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40)
  const worker = await pidOf(url)
  process.kill(worker, 'SIGKILL')
  const seen = new Set<number>()
  const alive = async () => seen.add(await pidOf(url)).has(worker) || seen.size
  await expect.poll(alive, { timeout: 40_000 }).toBe(2)
  expect(printed()).toContain(`worker ${worker} ended with SIGKILL`)
  expect((await predict(url, { text: 'still there' })).status).toBe(200)
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

test('without a student it says what to do, from a worker too', { timeout: 60_000 }, async () => {
  const { ended, printed } = await start('--student', join(folder, 'none'), '--workers', '2')
  expect(await ended).toBe(1)
  expect(printed()).toContain('npm run demo')
})

test.each([
  [['--workers', 'many'], 'many is not a whole number from 1 to 1000'],
  [['--port', ''], 'is not a whole number from 0 to 65535'],
  [['--capacity', '0'], '0 is not a whole number'],
  [['--workes', '2'], '--workes'],
])('refuses %j', (argv, what) => {
  expect(() => settingsOf(argv)).toThrow(what)
})

/** The process that answers a new connection. */
async function pidOf(url: string): Promise<number> {
  const response = await fetch(`${url}/health`, { headers: { connection: 'close' } })
  return ((await response.json()) as { pid: number }).pid
}
