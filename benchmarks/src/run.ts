// npm run bench -- NAME [...] [--data PATH] [--model PATH] [--runs 5]
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeFileAtomic } from '@kd/core/node'
import type { Bench } from './row.ts'

const benches: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  jit: () => import('./jit.ts'),
  augment: () => import('./augment.ts'),
  runtime: () => import('./runtime.ts'),
  store: () => import('./store.ts'),
}

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, model: { type: 'string' }, runs: { type: 'string', default: '5' } },
})
const known = Object.keys(benches).join(', ')
if (names.length === 0) throw new Error(`npm run bench -- NAME [...] [--data PATH] [--runs 5], NAME one of: ${known}`)
const unknown = names.find((name) => !Object.hasOwn(benches, name))
if (unknown) throw new Error(`there is no benchmark ${unknown}; there are: ${known}`)
if (!process.env.KD_BENCH_PYTHON) console.log('KD_BENCH_PYTHON names no Python: its peers are left out.')

const results = fileURLToPath(new URL('../results/', import.meta.url))
// npm runs a workspace's scripts in its own folder; paths are meant from where the command was typed.
const given = (path: string | undefined) => path && resolve(process.env.INIT_CWD ?? '.', path)
const [data, model] = [given(values.data), given(values.model)]
for (const name of names) {
  const { bench } = await benches[name]!()
  const rows = await bench({ data, model, runs: Number(values.runs) })
  const [cpu] = cpus()
  const machine = { cpu: cpu?.model ?? 'unknown', cores: cpus().length, node: process.versions.node }
  const file = `${results}${name}.json`
  await writeFileAtomic(file, `${JSON.stringify({ name, date: new Date().toISOString(), machine, rows }, null, 2)}\n`)
  console.table(rows.map(({ id, ours, theirs, ratio, unit, runs }) => ({ id, unit, ours, theirs, ratio, runs })))
}
