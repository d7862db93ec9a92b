import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare, median } from './compare.ts'
import { ourProcess } from './processes.ts'
import type { Bench } from './row.ts'

type Values = Readonly<Record<string, number>>

/**
 * The logit store at a million texts: filled once, in a random order of keys; looked up in a process of its own each time.
 * Where the machine is shared, the rates in processor time are the ones to compare.
 */
export const bench: Bench = async ({ runs }) => {
  const folder = await mkdtemp(join(tmpdir(), 'kd-bench-store-'))
  const file = join(folder, 'logits.lmdb')
  const ask = async (what: string): Promise<Values> => (await ourProcess('store-process.ts', [what, file])) as unknown as Values
  try {
    const filled = await ask('fill')
    const lookUps: Values[] = []
    for (let run = 0; run < runs; run++) lookUps.push(await ask('look-up'))
    const row = (id: string, what: string, unit: string, values: readonly number[], better: 'higher' | 'lower' = 'higher') =>
      compare(id, what, unit, { ours: async () => ({ value: median(values) }), runs: 1, better }).then((one) => ({
        ...one,
        runs: values.length,
      }))
    const of = (name: string) => lookUps.map((values) => values[name]!)
    return [
      await row('store-lookup', 'look-ups by key, all of 1 M texts', 'texts/s', of('byKey')),
      await row('store-lookup-text', 'look-ups by text, the hash included', 'texts/s', of('byText')),
      await row('store-lookup-processor', 'look-ups by key in a second of processor time', 'texts/s', of('byKeyProcessor')),
      await row('store-lookup-text-processor', 'look-ups by text in a second of processor time', 'texts/s', of('byTextProcessor')),
      await row('store-open', 'opening, with a look at every page', 's', of('seconds'), 'lower'),
      await row('store-size', 'on disk, 1 M texts, 2 classes', 'MB', [filled.megabytes!], 'lower'),
      await row('store-write', 'stored in batches of 256, each synced to where the temporary folder lies', 'texts/s', [filled.writes!]),
      await row('store-heap', 'heap while 1 M texts are stored, at the most', 'MB', [filled.heapMegabytes!], 'lower'),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}
