import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * A process that waits between its runs, so that two can take turns without starting anew: one line in is a command,
 * one line out its answer in JSON, ours with the milliseconds of `processor` time that it took. Anything else that it prints is dropped.
 */
export class Server {
  readonly #process: ChildProcess
  readonly #lines: Interface
  #waiting: { resolve(answer: Record<string, number>): void; reject(error: Error): void } | undefined
  #errors = ''

  private constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#process = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stderr!.on('data', (chunk) => {
      this.#errors = (this.#errors + chunk).slice(-2000)
    })
    this.#lines = createInterface({ input: this.#process.stdout! })
    this.#lines.on('line', (line) => {
      if (!line.startsWith('{')) return
      this.#waiting?.resolve(JSON.parse(line))
      this.#waiting = undefined
    })
    this.#process.on('exit', (code) => this.#waiting?.reject(new Error(`${args.join(' ')} ended with code ${code}: ${this.#errors}`)))
  }

  /** A file of this folder, on the built packages. */
  static ours(file: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Server {
    return new Server(process.execPath, ['--import', 'tsx', here(file), ...args], environment)
  }

  /** A program of `peers/` by the Python that KD_BENCH_PYTHON names; undefined where it names none. */
  static python(file: string, args: readonly string[]): Server | undefined {
    const python = process.env.KD_BENCH_PYTHON
    return python ? new Server(python, [here(`../peers/${file}`), ...args], {}) : undefined
  }

  ask(command: string): Promise<Record<string, number>> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#process.stdin!.write(`${command}\n`)
    })
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin!.end()
    await ended
  }
}

/** The other side of a `Server`: answers each line until there are no more. */
export async function serve(answers: Readonly<Record<string, () => Promise<object>>>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = answers[line.trim()]
    if (!answer) throw new Error(`unknown command ${line}`)
    const before = process.cpuUsage()
    const found = await answer()
    const { user, system } = process.cpuUsage(before)
    console.log(JSON.stringify({ ...found, processor: (user + system) / 1000 }))
  }
}
