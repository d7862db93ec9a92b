import { rm } from 'node:fs/promises'
import { median } from './compare.ts'
import { ourProcess, pythonPeer } from './processes.ts'
import type { Bench, Row } from './row.ts'
import { prepare } from './runtime/prepare.ts'

/** Figures of one run by name. */
export interface Figures {
  values: Readonly<Record<string, number>>
  version?: string
}

type Side = readonly [name: string, run: (folder: string, dimensions: string) => Promise<Figures | undefined>]

const prototype = process.env.KD_BENCH_PROTOTYPE
const onnx = (weights: string): Side => [
  `onnxruntime-node, ${weights}`,
  (folder, dimensions) => ourProcess<Figures>('runtime/onnxruntime-process.ts', [folder, dimensions, weights]),
]
const warm: readonly Side[] = [
  ['@kd/runtime', (folder, dimensions) => ourProcess<Figures>('runtime/ours-process.ts', [folder, dimensions])],
  ['PyTorch', (folder, dimensions) => pythonPeer<Figures>('bilstm_infer.py', [folder, dimensions])],
  onnx('float32'),
  onnx('int8'),
  [
    'prototype',
    async (folder, dimensions) =>
      prototype === undefined ? undefined : ourProcess<Figures>('runtime/prototype-process.ts', [folder, dimensions, prototype]),
  ],
]
const cold: readonly Side[] = [
  ['@kd/runtime', (folder, dimensions) => ourProcess<Figures>('runtime/cold-process.ts', [folder, dimensions, 'kd'])],
  ...['float32', 'int8'].map(
    (weights): Side => [
      `onnxruntime-node, ${weights}`,
      (folder, dimensions) => ourProcess<Figures>('runtime/cold-process.ts', [folder, dimensions, weights]),
    ],
  ),
]

/** Which figure makes which row: what it is, its unit, and whether more is better. */
const figures: Readonly<Record<string, readonly [id: string, what: string, unit: string, more?: boolean]>> = {
  ids: ['', 'p50 of one sentence of SST-2 dev, from word ids, warmed on 5,000 other sentences', 'ms'],
  text: ['-text', 'p50 of one sentence of SST-2 dev, from text, warmed', 'ms'],
  cold: ['-cold', 'p50 of one sentence, from word ids, no word met before', 'ms'],
  batch: ['-batch', '256 sentences of 20 words at once, from word ids', 'sentences/s', true],
  concurrent: ['-concurrent', 'p99 of one sentence, from text, 4 callers at once', 'ms'],
}

/** What no peer does in this form. */
const alone: Readonly<Record<string, readonly [id: string, what: string, unit: string]>> = {
  read: ['read', "from a packed student's bytes to a student that answers, processor time", 'ms'],
  compared: ['compare', 'a text against 5,000 that are encoded, the student of pairs, by processor time', 'comparisons/s'],
}

/**
 * @kd/runtime's packed int8 student of the paper's sizes against PyTorch and onnxruntime-node, one thread each, and an
 * earlier runtime where KD_BENCH_PROTOTYPE names its folder. `--data` is GLUE's SST-2 folder.
 */
export const bench: Bench = async ({ data, runs, wanted }) => {
  if (!data) throw new Error("The benchmark runtime needs --data DIR: GLUE's SST-2, with train.tsv and dev.tsv.")
  const { folder } = await prepare(data)
  try {
    const rows: Row[] = []
    for (const dimensions of ['100', '300']) {
      const latencies = Object.values(figures).some(([suffix]) => wanted(`latency-d${dimensions}${suffix}`))
      if (!latencies && !Object.values(alone).some(([id]) => wanted(`${id}-d${dimensions}`))) continue
      const measured = await inTurn(latencies ? warm : warm.slice(0, 1), runs, folder, dimensions)
      for (const [figure, [suffix, what, unit, more = false]] of Object.entries(figures)) {
        rows.push(...rowsOf(measured, figure, `latency-d${dimensions}${suffix}`, what, unit, more))
      }
      for (const [figure, [id, what, unit]] of Object.entries(alone)) {
        const ours = rounded(middle(measured.get(warm[0]![0])!, figure))
        rows.push({ id: `${id}-d${dimensions}`, what, unit, ours, peer: null, theirs: null, ratio: null, runs })
      }
    }
    for (const dimensions of ['100', '300']) {
      if (!['', '-processor', '-import'].some((suffix) => wanted(`cold-start-d${dimensions}${suffix}`))) continue
      const measured = await inTurn(cold, runs, folder, dimensions)
      const what = 'from files to the first answer, in a new process'
      rows.push(...rowsOf(measured, 'cold', `cold-start-d${dimensions}`, what, 'ms', false))
      rows.push(...rowsOf(measured, 'spent', `cold-start-d${dimensions}-processor`, `${what}, processor time of all threads`, 'ms', false))
      rows.push(
        ...rowsOf(measured, 'withImport', `cold-start-d${dimensions}-import`, `${what}, with the import of the package`, 'ms', false),
      )
    }
    return rows.filter(({ id }) => wanted(id))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Runs all sides in turn, A B C A B C. */
async function inTurn(sides: readonly Side[], runs: number, folder: string, dimensions: string): Promise<Map<string, Figures[]>> {
  const measured = new Map<string, Figures[]>(sides.map(([name]) => [name, []]))
  for (let run = 0; run < runs; run++) {
    for (const [name, side] of sides) {
      const figures = await side(folder, dimensions)
      if (figures) measured.get(name)!.push(figures)
    }
  }
  return measured
}

/** A row for each peer: ours, the first side, against it. */
function rowsOf(measured: Map<string, Figures[]>, figure: string, id: string, what: string, unit: string, more: boolean): Row[] {
  const [[, ours], ...peers] = [...measured] as [[string, Figures[]], ...[string, Figures[]][]]
  return peers.flatMap(([name, theirs], index) => {
    // PyTorch is asked for what it is used for: sentences one by one, and batches.
    if (theirs[0] && theirs[0].values[figure] === undefined) return []
    const [a, b] = [middle(ours, figure), theirs.length > 0 ? middle(theirs, figure) : null]
    const ratio = b === null ? null : more ? a / b : b / a
    const suffix = index === 0 ? '' : `-vs-${name.replace(/[^a-z\d]+/gi, '-')}`
    return {
      id: id + suffix,
      what,
      unit,
      ours: rounded(a),
      peer: { name, version: theirs[0]?.version ?? '' },
      theirs: b && rounded(b),
      ratio: ratio && rounded(ratio),
      runs: ours.length,
    }
  })
}

const middle = (runs: readonly Figures[], figure: string): number => median(runs.map(({ values }) => values[figure]!))
const rounded = (value: number): number => Number(value.toPrecision(4))
