// npm run bench -- NAME [...] [--data PATH] [--model PATH] [--runs 5] [--rows ID,ID]
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeFileAtomic } from '@kd/core/node'
import type { Bench, Row } from './row.ts'

const benches: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  jit: () => import('./jit.ts'),
  augment: () => import('./augment.ts'),
  'augment-pairs': () => import('./augment-pairs.ts'),
  label: () => import('./label.ts'),
  pairs: () => import('./pairs.ts'),
  runtime: () => import('./runtime.ts'),
  store: () => import('./store.ts'),
}

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, model: { type: 'string' }, runs: { type: 'string', default: '5' }, rows: { type: 'string' } },
})
const known = Object.keys(benches).join(', ')
if (names.length === 0) throw new Error(`npm run bench -- NAME [...] [--data PATH] [--runs 5] [--rows ID,ID], NAME one of: ${known}`)
const unknown = names.find((name) => !Object.hasOwn(benches, name))
if (unknown) throw new Error(`there is no benchmark ${unknown}; there are: ${known}`)
if (!process.env.KD_BENCH_PYTHON) console.log('KD_BENCH_PYTHON names no Python: its peers are left out.')

const results = fileURLToPath(new URL('../results/', import.meta.url))
// npm runs a workspace's scripts in its own folder; paths are meant from where the command was typed.
const given = (path: string | undefined) => path && resolve(process.env.INIT_CWD ?? '.', path)
const [data, model] = [given(values.data), given(values.model)]
for (const name of names) {
  const { bench } = await benches[name]!()
  const ids = values.rows?.split(',')
  const made = await bench({ data, model, runs: Number(values.runs), wanted: (id) => ids?.includes(id) ?? true })
  const [cpu] = cpus()
  const machine = { cpu: cpu?.model ?? 'unknown', cores: cpus().length, node: process.versions.node }
  const file = `${results}${name}.json`
  const rows = ids ? merged(JSON.parse(await readFile(file, 'utf8')).rows, made) : made
  await writeFileAtomic(file, `${JSON.stringify({ name, date: new Date().toISOString(), machine, rows }, null, 2)}\n`)
  console.table(made.map(({ id, ours, theirs, ratio, unit, runs }) => ({ id, unit, ours, theirs, ratio, runs })))
}

/** The rows of a file with those that were made anew in their places, new ones at the end. */
function merged(before: readonly Row[], made: readonly Row[]): Row[] {
  const rest = new Map(made.map((row) => [row.id, row]))
  const kept = before.map((row) => rest.get(row.id) ?? row)
  for (const { id } of before) rest.delete(id)
  return [...kept, ...rest.values()]
}
