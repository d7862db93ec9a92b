import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './compare.ts'
import { readSentences } from './jit/sentences.ts'
import { fastest, rounded, threads } from './jit/turns.ts'
import { pythonPeer } from './processes.ts'
import type { Bench, Row } from './row.ts'
import { Server } from './servers.ts'

/** Sentences of a turn, and of those on which Python's sizes of a batch are compared. */
const [sentences, few] = [20_000, 2_000]
const engines = ['onnxruntime-int8', 'torch'] as const

interface Side {
  readonly name: string
  readonly server: Server
  readonly values: number[]
  version: string
}

/** Labelling in int8 against Python's ONNX Runtime in int8 and PyTorch in single precision, from text to stored logits. */
export const bench: Bench = async ({ data, model, runs, wanted }) => {
  if (!data || !model || !process.env.KD_BENCH_PYTHON) {
    throw new Error(
      'label: needs KD_BENCH_PYTHON with torch, transformers and onnxruntime, a TSV with a header and sentences in its first column, and the folder of a BERT checkpoint: --data glue/SST-2/train.tsv --model all-MiniLM-L6-v2',
    )
  }
  const folder = await mkdtemp(join(tmpdir(), 'kd-bench-'))
  try {
    const all = await readSentences(data)
    const count = Math.min(sentences, all.length)
    const texts = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!.text)
    await writeFile(join(folder, 'sentences.txt'), texts.join('\n'))
    await pythonPeer<object>('label.py', ['prepare', model, folder])
    const ours = side('ours', Server.ours('label/label-server.ts', [folder], threads))
    await ours.server.ask('epoch')
    const peers: Side[] = []
    for (const engine of engines.filter((engine) => wanted(`label-vs-${engine}`))) peers.push(await peer(engine, folder))
    for (let run = 0; run < runs; run++) {
      for (const { server, values } of [ours, ...peers]) values.push((await server.ask('epoch')).value!)
    }
    const rows = await Promise.all(peers.map((peer) => rowOf(ours, peer, count, folder)))
    for (const { server } of [ours, ...peers]) await server.stop()
    return rows
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Python with the size of a batch that is fastest on a few sentences. */
async function peer(engine: (typeof engines)[number], folder: string): Promise<Side> {
  const start = (batch: string, ...rows: string[]) => Server.python('label.py', [engine, folder, '--batch', batch, ...rows])
  const best = (await fastest(['32', '64', '128'].map((name) => ({ name, start: () => start(name, '--rows', String(few)) }))))!
  await best.server.stop()
  const found = side(`${engine} ${best.name}`, start(best.name)!)
  found.version = String((await found.server.ask('epoch')).version)
  return found
}

const side = (name: string, server: Server): Side => ({ name, server, values: [], version: '' })

async function rowOf(ours: Side, theirs: Side, count: number, folder: string): Promise<Row> {
  const [engine, batch] = theirs.name.split(' ') as [string, string]
  const [a, b] = [ours, theirs].map(({ values }) => median(values)) as [number, number]
  return {
    id: `label-vs-${engine}`,
    what: `${count} sentences of SST-2's train part from text to stored logits, MiniLM-L6 in int8, two threads`,
    unit: 'sentences/s',
    ours: rounded(a),
    peer: { name: engine === 'torch' ? 'PyTorch, single precision' : 'onnxruntime (Python), int8', version: theirs.version },
    theirs: rounded(b),
    ratio: rounded(a / b),
    runs: ours.values.length,
    details: { 'batch of theirs': Number(batch), 'same label': rounded(await sameLabel(folder, 'ours', engine)) },
  }
}

/** Share of the sentences to which both give the same of two labels. */
async function sameLabel(folder: string, one: string, other: string): Promise<number> {
  const labels = async (name: string) => {
    const { buffer } = new Uint8Array(await readFile(join(folder, `${name}.f32`)))
    const logits = new Float32Array(buffer)
    return Array.from({ length: logits.length / 2 }, (_, row) => logits[2 * row + 1]! > logits[2 * row]!)
  }
  const [a, b] = await Promise.all([labels(one), labels(other)])
  return a.filter((label, row) => label === b[row]).length / a.length
}
