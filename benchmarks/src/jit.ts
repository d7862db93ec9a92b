import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './compare.ts'
import type { Bench, Row } from './row.ts'
import { Server } from './servers.ts'

const threads = { KD_THREADS: '2' }
/** GFLOP/s of a large matrix product on two threads, in this run. */
let peak = 0

/** Training against PyTorch on the same batches, from the same weights: losses are compared before anything is timed. */
export const bench: Bench = async ({ data, model, runs }) => {
  if (!data || !model) {
    throw new Error(
      'jit: give a TSV with a header, sentences in its first column and labels in its second, and the folder of a BERT checkpoint: --data glue/SST-2/train.tsv --model all-MiniLM-L6-v2',
    )
  }
  const folder = await mkdtemp(join(tmpdir(), 'kd-bench-'))
  try {
    const probe = Server.ours('jit/peak-server.ts', [], threads)
    const { one, two } = (await probe.ask('peak')) as { one: number; two: number }
    peak = two
    const call = (await probe.ask('call')).value!
    await probe.stop()
    const rows: Row[] = []
    for (const vectors of ['static', 'trainable'] as const) rows.push(await student(vectors, data, folder, runs))
    rows.push(await layer(folder, runs), await finetune(model, data, folder, runs))
    for (const row of rows) row.details = { ...row.details, 'peak GFLOP/s, 1 and 2 threads': `${rounded(one)}, ${rounded(two)}` }
    return [...rows, ...(await alone(data, folder)), plain('jit-call', 'a jitted function of one number, whole call', 'ms', call)]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function student(vectors: 'static' | 'trainable', data: string, folder: string, runs: number): Promise<Row> {
  const ours = Server.ours('jit/student-server.ts', [vectors, data, folder], threads)
  const { words, sentences, operations } = await ours.ask('prepare')
  const peer = (kind: string, batch: number) => Server.python('bilstm_train.py', [folder, kind, String(batch)])
  const kinds = vectors === 'static' ? ['static'] : ['dense', 'sparse']
  // The same batches first: both sides must learn alike. The dense optimizer moves rows that a batch lacks, ours does not.
  const losses = await learnAlike(ours, peer(kinds.at(-1)!, 256), vectors === 'static' ? 1e-4 : 0.05)
  const best = await fastest(
    kinds.flatMap((kind) => [64, 128, 256].map((batch) => ({ name: `${kind} ${batch}`, start: () => peer(kind, batch) }))),
  )
  const what = `BiLSTM 150, ${vectors} vectors of 300, Adam, ${sentences} sentences of ${words} words, batches of 256`
  const row = await turns(`train-${vectors}-d300`, what, 'sentences/s', ours, best?.server, runs, operations!)
  return { ...row, details: { ...row.details, ...losses, 'PyTorch with': best?.name ?? '' } }
}

async function layer(folder: string, runs: number): Promise<Row> {
  const ours = Server.ours('jit/layer-server.ts', [folder], threads)
  const { operations } = await ours.ask('prepare')
  const theirs = Server.python('bert_layer.py', [folder])
  const losses = await learnAlike(ours, theirs, 1e-4, false)
  const what = 'one BERT layer, 384 wide, 32 x 32 tokens: forward, backward, Adam'
  const row = await turns('bert-layer', what, 'sequences/s', ours, theirs, runs, operations!)
  return { ...row, details: { ...row.details, ...losses } }
}

async function finetune(model: string, data: string, folder: string, runs: number): Promise<Row> {
  const ours = Server.ours('jit/finetune-server.ts', [model, data, folder], threads)
  const { operations } = await ours.ask('prepare')
  const theirs = Server.python('finetune.py', [model, folder])
  const losses = await learnAlike(ours, theirs, 0.01, false)
  const what = 'all of a BERT checkpoint, AdamW, clipped, batches of 32 sentences; our word vectors are updated by row'
  const row = await turns('finetune-minilm-l6', what, 'sentences/s', ours, theirs, runs, operations!)
  return { ...row, details: { ...row.details, ...losses } }
}

/** Figures of ours alone. */
async function alone(data: string, folder: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const batch of [16, 32, 64, 128, 256, 512]) {
    const server = Server.ours('jit/student-server.ts', ['static', data, folder, '2048', String(batch)], threads)
    const { value: first } = await server.ask('first')
    await server.ask('epoch')
    const { steps, megabytes, traces } = await server.ask('epoch')
    await server.stop()
    const what = `the student of train-static-d300, batches of ${batch}`
    rows.push({ ...plain(`train-static-d300-batch-${batch}`, what, 'steps/s', steps!), details: memory(megabytes!, traces!) })
    if (batch === 256) rows.push(plain('first-step', 'from no worker to the first loss of that student', 'ms', first!))
  }
  const tfjs = Server.ours('jit/student-server.ts', ['trainable', data, folder, '256'], { KD_ENGINE: 'tfjs' })
  await tfjs.ask('epoch')
  const what = 'the student of train-trainable-d300 on TensorFlow.js, wasm, its slow kernels repaired'
  rows.push(plain('train-trainable-d300-tfjs', what, 'sentences/s', (await tfjs.ask('epoch')).value!))
  await tfjs.stop()
  return rows
}

const memory = (megabytes: number, traces: number) => ({ 'MB of memory': Math.round(megabytes), graphs: traces })

/** One run of each, which warms both up, and what they learnt; an error if that differs by more than `tolerance`. */
async function learnAlike(ours: Server, theirs: Server | undefined, tolerance: number, stop = true): Promise<Record<string, number>> {
  const mine = (await ours.ask('epoch')).loss!
  if (!theirs) return { 'loss of ours': mine }
  const other = (await theirs.ask('epoch')).loss!
  if (stop) await theirs.stop()
  if (!(Math.abs(mine - other) <= tolerance * other)) throw new Error(`ours has a loss of ${mine}, the peer one of ${other}`)
  return { 'loss of ours': mine, 'loss of theirs': other }
}

/** The fastest of several ways to run the peer, warm. */
async function fastest(ways: readonly { name: string; start: () => Server | undefined }[]) {
  let best: { name: string; server: Server; value: number } | undefined
  for (const { name, start } of ways) {
    const server = start()
    if (!server) return undefined
    await server.ask('epoch')
    const { value } = await server.ask('epoch')
    if (best && best.value >= value!) await server.stop()
    else {
      await best?.server.stop()
      best = { name, server, value: value! }
    }
  }
  return best
}

/** Both sides in turn, A B A B; figures are medians, `ratio` is that of the medians. */
async function turns(
  id: string,
  what: string,
  unit: string,
  ours: Server,
  theirs: Server | undefined,
  runs: number,
  operations: number,
): Promise<Row> {
  const [mine, other]: [number[], number[]] = [[], []]
  let version = ''
  for (let run = 0; run < runs; run++) {
    mine.push((await ours.ask('epoch')).value!)
    const answer = await theirs?.ask('epoch')
    if (!answer) continue
    other.push(answer.value!)
    version = String(answer.version)
  }
  await ours.stop()
  await theirs?.stop()
  const [a, b] = [median(mine), other.length > 0 ? median(other) : null]
  const details = { 'MFLOP needed': rounded(operations / 1e6), 'share of the peak on 2 threads': rounded((operations * a) / (peak * 1e9)) }
  const peer = { name: 'PyTorch, 2 threads', version }
  return { id, what, unit, ours: rounded(a), peer, theirs: b && rounded(b), ratio: b && rounded(a / b), runs, details }
}

const plain = (id: string, what: string, unit: string, ours: number): Row => ({
  id,
  what,
  unit,
  ours: rounded(ours),
  peer: null,
  theirs: null,
  ratio: null,
  runs: 1,
})

const rounded = (value: number): number => Number(value.toPrecision(4))
