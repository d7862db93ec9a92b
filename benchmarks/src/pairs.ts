import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fastest, learnAlike, threads, turns } from './jit/turns.ts'
import type { Bench } from './row.ts'
import { Server } from './servers.ts'

/** Pairs of a turn, and of those on which PyTorch's ways are compared. */
const [pairs, few] = ['5120', '1280']
const ways = ['packed 64', 'packed 128', 'packed 256', 'padded 128', 'padded 256']

/** The siamese student's training step against PyTorch on the same batches of pairs, from the same weights: see `jit.ts`. */
export const bench: Bench = async ({ data, runs }) => {
  if (!data)
    throw new Error('pairs: give the folder of a train.tsv with the columns question1, question2 and, last, the label: --data glue/QQP')
  const tsv = (await stat(data)).isDirectory() ? join(data, 'train.tsv') : data
  const folder = await mkdtemp(join(tmpdir(), 'kd-bench-'))
  const probe = Server.ours('jit/peak-server.ts', [], threads)
  try {
    const best = await bestWay(tsv, join(folder, 'few'))
    const ours = Server.ours('jit/student-server.ts', ['pairs', tsv, folder, pairs], threads)
    const { words, examples, operations } = await ours.ask('prepare')
    const first = await learnAlike(ours, peer(folder, 'packed 256'), 1e-4)
    const what = `siamese BiLSTM 150, static vectors of 300, Adam, ${examples} pairs of ${words} words, batches of 256`
    const theirs = best === undefined ? undefined : peer(folder, best)
    const row = await turns('train-pairs', what, 'pairs/s', ours, theirs, { runs, probe }, operations!)
    return [{ ...row, details: { ...row.details, ...first, 'PyTorch with': best ?? '' } }]
  } finally {
    await probe.stop()
    await rm(folder, { recursive: true })
  }
}

async function bestWay(tsv: string, folder: string): Promise<string | undefined> {
  await mkdir(folder)
  const ours = Server.ours('jit/student-server.ts', ['pairs', tsv, folder, few], threads)
  await ours.ask('prepare')
  await ours.stop()
  const best = await fastest(ways.map((name) => ({ name, start: () => peer(folder, name) })))
  await best?.server.stop()
  return best?.name
}

/** @param way `packed` or `padded`, and the size of a batch */
function peer(folder: string, way: string): Server | undefined {
  const [form, batch] = way.split(' ') as [string, string]
  return Server.python('bilstm_train.py', [folder, 'static', batch, ...(form === 'padded' ? ['--padded'] : [])])
}
