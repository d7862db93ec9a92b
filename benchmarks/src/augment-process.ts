// One run of our side of `augment.ts` and `augment-pairs.ts`, timed as peers/augment.py and augment_pairs.py time themselves.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'
import { augmentTagged, pairUp, type Tagger, tagCorpus, winkTagger, wordsBetweenSpaces } from '@kd/augment'
import type { Example } from '@kd/core'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '20000' }, iterations: { type: 'string', default: '20' } },
})
const [what, tsv] = positionals
if (!tsv) throw new Error('usage: augment-process generate|tag|generatePairs|pairUp TSV [--rows 20000] [--iterations 20]')
const perExample = Number(values.iterations)

const [header, ...rows] = (await readFile(tsv, 'utf8'))
  .trimEnd()
  .split('\n')
  .slice(0, Number(values.rows) + 1)
  .map((line) => line.split('\t'))
const examples: Example[] = rows.map(([text]) => ({ text: text! }))
const pairs = (): Example[] => {
  const [first, second] = [header!.indexOf('question1'), header!.indexOf('question2')]
  return rows.map((cells) => ({ text: cells[first]!, pair: cells[second]! }))
}

/** The peer's words and tags: between spaces, a hash of the word modulo 12. */
const hashTagger: Tagger = async (text) => {
  const { words } = await wordsBetweenSpaces(text)
  return { words, tags: words.map((word) => String(crc32(word) % 12)) }
}

async function generate(originals: readonly Example[]): Promise<object> {
  const corpus = await tagCorpus(originals, { tagger: hashTagger })
  // Untimed: the engine compiles what runs often, once a process.
  for (const _ of augmentTagged(corpus, { seed: 1, perExample }));
  const begun = performance.now()
  const made: Example[] = []
  for (const example of augmentTagged(corpus, { seed: 0, perExample })) made.push(example)
  const seconds = (performance.now() - begun) / 1000
  const tried = originals.length * perExample
  return { value: tried / seconds, made: made.length, tried }
}

const measure: Record<string, () => Promise<object>> = {
  generate: () => generate(examples),
  generatePairs: () => generate(pairs()),
  async pairUp() {
    const originals = pairs()
    const begun = performance.now()
    let made = 0
    for (const _ of pairUp(originals, { seed: 0, count: 200_000, sides: 'any' })) made++
    return { value: made / ((performance.now() - begun) / 1000) }
  },
  async tag() {
    const tagger = await winkTagger()
    const begun = performance.now()
    await tagCorpus(examples, { tagger })
    return { value: examples.length / ((performance.now() - begun) / 1000) }
  },
}
console.log(JSON.stringify(await measure[what!]!()))
