import { median } from '../compare.ts'
import type { Row } from '../row.ts'
import type { Server } from '../servers.ts'

export const threads = { KD_THREADS: '2' }

export interface Turns {
  readonly runs: number
  /** Measures the processor's peak between the turns. */
  readonly probe: Server
}

/** One run of each, which warms both up, and what they learnt: an error if it differs by more than `tolerance`, over the run or at its end. */
export async function learnAlike(
  ours: Server,
  theirs: Server | undefined,
  tolerance: number,
  stop = true,
): Promise<Record<string, number>> {
  const mine = await ours.ask('epoch')
  const known = { 'first step, ms': Math.round(mine.first!), 'loss of ours': mine.loss! }
  if (!theirs) return known
  const other = await theirs.ask('epoch')
  if (stop) await theirs.stop()
  for (const which of ['loss', 'last'] as const) {
    const [a, b] = [mine[which], other[which]]
    if (a === undefined && b === undefined) continue
    if (!(Math.abs(a! - b!) <= tolerance * b!)) throw new Error(`ours has a loss of ${a}, the peer one of ${b} (${which})`)
  }
  return { ...known, 'loss of theirs': other.loss! }
}

/** The fastest of several ways to do the work, warm: the best of three turns of each, one after the other. */
export async function fastest(ways: readonly { name: string; start: () => Server | undefined }[]) {
  let best: { name: string; server: Server; value: number } | undefined
  for (const { name, start } of ways) {
    const server = start()
    if (!server) return undefined
    await server.ask('epoch')
    let value = 0
    for (let turn = 0; turn < 3; turn++) value = Math.max(value, (await server.ask('epoch')).value!)
    if (best && best.value >= value) await server.stop()
    else {
      await best?.server.stop()
      best = { name, server, value }
    }
  }
  return best
}

/** Both sides in turn, A B A B, and the processor's peak between; figures are medians, `ratio` is that of the medians. */
export async function turns(
  id: string,
  what: string,
  unit: string,
  ours: Server,
  theirs: Server | undefined,
  { runs, probe }: Turns,
  operations: number,
  /** Ours in another way, measured beside. */
  also?: { readonly name: string; readonly server: Server },
): Promise<Row> {
  const [mine, other, beside, ones, twos]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []]
  const [processor, theirProcessor]: [number[], number[]] = [[], []]
  let [version, megabytes, theirMegabytes] = ['', 0, 0]
  for (let run = 0; run < runs; run++) {
    const { one, two } = await probe.ask('peak')
    ones.push(one!)
    twos.push(two!)
    const found = await ours.ask('epoch')
    mine.push(found.value!)
    processor.push(found.processor!)
    megabytes = found.megabytes!
    if (also) beside.push((await also.server.ask('epoch')).value!)
    const answer = await theirs?.ask('epoch')
    if (!answer) continue
    other.push(answer.value!)
    theirProcessor.push(answer.processor!)
    version = String(answer.version)
    theirMegabytes = answer.megabytes!
  }
  await ours.stop()
  await also?.server.stop()
  await theirs?.stop()
  const [a, b, one, two] = [median(mine), other.length > 0 ? median(other) : null, median(ones), median(twos)]
  const gigaflops = (operations * a) / 1e9
  const details = {
    'MFLOP needed': rounded(operations / 1e6),
    'peak GFLOP/s, 1 and 2 threads': `${rounded(one)}, ${rounded(two)}`,
    'share of the peak on 2 threads': rounded(gigaflops / two),
    'GFLOP/s': rounded(gigaflops),
    'processor ms a turn': Math.round(median(processor)),
    'MB at most': Math.round(megabytes),
    ...(also && { [also.name]: rounded(median(beside)) }),
    ...(also && b !== null && { [`ratio of ${also.name}`]: rounded(median(beside) / b) }),
    ...(b === null
      ? {}
      : { 'processor ms a turn of theirs': Math.round(median(theirProcessor)), 'MB of theirs at most': Math.round(theirMegabytes) }),
  }
  const peer = { name: 'PyTorch, 2 threads', version }
  return { id, what, unit, ours: rounded(a), peer, theirs: b && rounded(b), ratio: b && rounded(a / b), runs, details }
}

export const rounded = (value: number): number => Number(value.toPrecision(4))
