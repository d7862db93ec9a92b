import { type ChildProcess, spawn } from 'node:child_process'
import { dirname } from 'node:path'

/** Runs a demo's main file as its npm script does; `watch` sees what it has printed so far. */
export function runDemo(
  main: string,
  args: readonly string[],
  watch?: (child: ChildProcess, printed: string) => void,
): Promise<{ code: number | null; printed: string }> {
  const child = spawn(process.execPath, ['--conditions=@kd/source', '--import', 'tsx', main, ...args], {
    cwd: dirname(dirname(main)),
    env: { ...process.env, KD_THREADS: '1' },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      printed += text
      watch?.(child, printed)
    })
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, printed })))
}

/** Presses Ctrl-C, once, half a second after a line has been printed. */
export function interruptAfter(line: RegExp) {
  let pressed = false
  return (child: ChildProcess, printed: string) => {
    if (pressed || !line.test(printed)) return
    pressed = true
    setTimeout(() => child.kill('SIGINT'), 500)
  }
}
