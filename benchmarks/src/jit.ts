import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fastest, learnAlike, rounded, type Turns, threads, turns } from './jit/turns.ts'
import type { Bench, Row } from './row.ts'
import { Server } from './servers.ts'

/** TensorFlow.js's WebAssembly as it is shipped, one thread as always in Node. */
const shipped = { KD_ENGINE: 'tfjs', KD_BENCH_SHIPPED: '1' }

/** Training against PyTorch on the same batches, from the same weights: losses are compared before anything is timed. */
export const bench: Bench = async ({ data, model, runs, wanted }) => {
  if (!data || !model) {
    throw new Error(
      'jit: give a TSV with a header, sentences in its first column and labels in its second, and the folder of a BERT checkpoint: --data glue/SST-2/train.tsv --model all-MiniLM-L6-v2',
    )
  }
  const folder = await mkdtemp(join(tmpdir(), 'kd-bench-'))
  const probe = Server.ours('jit/peak-server.ts', [], threads)
  try {
    const rows: Row[] = []
    const setting = { folder, runs, probe }
    for (const vectors of ['static', 'trainable'] as const) {
      if (wanted(`train-${vectors}-d300`)) rows.push(...(await student(vectors, data, setting)))
    }
    if (wanted('bert-layer')) rows.push(...(await layer(setting)))
    if (wanted('finetune-minilm-l6')) rows.push(...(await finetune(model, data, setting)))
    if (wanted('first-step')) rows.push(...(await alone(data, folder)))
    if (wanted('jit-call'))
      rows.push(plain('jit-call', 'a jitted function of one number, whole call', 'ms', (await probe.ask('call')).value!))
    return rows
  } finally {
    await probe.stop()
    await rm(folder, { recursive: true })
  }
}

interface Setting extends Turns {
  readonly folder: string
}

async function student(vectors: 'static' | 'trainable', data: string, setting: Setting): Promise<Row[]> {
  const { folder } = setting
  const inBatches = (size: number) => Server.ours('jit/student-server.ts', [vectors, data, folder, '5120', String(size)], threads)
  const ours = inBatches(256)
  const { words, examples } = await ours.ask('prepare')
  const peer = (kind: string, batch: number) => Server.python('bilstm_train.py', [folder, kind, String(batch)])
  const kinds = vectors === 'static' ? ['static'] : ['dense', 'sparse']
  // The same batches first: both sides must learn alike. The dense optimizer moves rows that a batch lacks, ours does not.
  const first = await learnAlike(ours, peer(kinds.at(-1)!, 256), vectors === 'static' ? 1e-4 : 0.05)
  // Each side in batches of the size that it is fastest with.
  const sizes = [64, 128, 256, 512]
  const best = await fastest(kinds.flatMap((kind) => sizes.map((size) => ({ name: `${kind} ${size}`, start: () => peer(kind, size) }))))
  const mine = (await fastest(sizes.map((size) => ({ name: String(size), start: () => inBatches(size) }))))!
  const { operations } = await mine.server.ask('prepare')
  const what = `BiLSTM 150, ${vectors} vectors of 300, Adam, ${examples} sentences of ${words} words, batches of ${mine.name}`
  const also = mine.name === '256' ? undefined : { name: 'sentences/s in batches of 256', server: ours }
  if (!also) await ours.stop()
  const row = await turns(`train-${vectors}-d300`, what, 'sentences/s', mine.server, best?.server, setting, operations!, also)
  const slow = await asShipped(row, 'jit/student-server.ts', [vectors, data, folder, '512', mine.name])
  return [{ ...row, details: { ...row.details, ...first, 'PyTorch with': best?.name ?? '' } }, slow]
}

async function layer(setting: Setting): Promise<Row[]> {
  const { folder } = setting
  const ours = Server.ours('jit/layer-server.ts', [folder], threads)
  const { operations } = await ours.ask('prepare')
  const theirs = Server.python('bert_layer.py', [folder])
  const first = await learnAlike(ours, theirs, 1e-4, false)
  const what = 'one BERT layer, 384 wide, 32 x 32 tokens: forward, backward, Adam'
  const row = await turns('bert-layer', what, 'sequences/s', ours, theirs, setting, operations!)
  return [{ ...row, details: { ...row.details, ...first } }, await asShipped(row, 'jit/layer-server.ts', [folder, 'whole', '1'])]
}

async function finetune(model: string, data: string, setting: Setting): Promise<Row[]> {
  const { folder } = setting
  const ours = Server.ours('jit/finetune-server.ts', [model, data, folder], threads)
  const { operations } = await ours.ask('prepare')
  const theirs = Server.python('finetune.py', [model, folder])
  const first = await learnAlike(ours, theirs, 0.01, false)
  const what = 'all of a BERT checkpoint, AdamW, clipped, batches of 32 sentences; our word vectors are updated by row'
  const row = await turns('finetune-minilm-l6', what, 'sentences/s', ours, theirs, setting, operations!)
  return [
    { ...row, details: { ...row.details, ...first } },
    await asShipped(row, 'jit/finetune-server.ts', [model, data, folder, 'whole', '32']),
  ]
}

/** Figures of ours alone. */
async function alone(data: string, folder: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const batch of [16, 32, 64, 128, 256, 512]) {
    const server = Server.ours('jit/student-server.ts', ['static', data, folder, '5120', String(batch)], threads)
    const { value: first } = await server.ask('first')
    await server.ask('epoch')
    const { steps, megabytes, traces } = await server.ask('epoch')
    await server.stop()
    const what = `the student of train-static-d300, batches of ${batch}`
    rows.push({ ...plain(`train-static-d300-batch-${batch}`, what, 'steps/s', steps!), details: memory(megabytes!, traces!) })
    if (batch === 256) rows.push(plain('first-step', 'from no worker to the first loss of that student', 'ms', first!))
  }
  return rows
}

const memory = (megabytes: number, traces: number) => ({ 'MB of memory': Math.round(megabytes), graphs: traces })

/** A row's work on TensorFlow.js's WebAssembly as it is shipped: seconds of it, so that starting counts little. */
async function asShipped({ id, what, unit, ours }: Row, file: string, args: readonly string[]): Promise<Row> {
  const server = Server.ours(file, args, shipped)
  const { value } = await server.ask('epoch')
  await server.stop()
  const peer = { name: "TensorFlow.js's wasm backend as shipped", version: '4.22.0' }
  return { id: `${id}-tfjs`, what, unit, ours, peer, theirs: rounded(value!), ratio: rounded(ours / value!), runs: 1 }
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
