// One run of our side of `augment.ts`, timed as peers/augment.py times itself.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'
import { augmentTagged, type Tagger, tagCorpus, winkTagger, wordsBetweenSpaces } from '@kd/augment'
import type { Example } from '@kd/core'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '20000' }, iterations: { type: 'string', default: '20' } },
})
const [what, tsv] = positionals
if (!tsv) throw new Error('usage: augment-process generate|tag TSV [--rows 20000] [--iterations 20]')
const perExample = Number(values.iterations)

const lines = (await readFile(tsv, 'utf8')).split('\n').slice(1, Number(values.rows) + 1)
const examples: Example[] = lines.map((line) => ({ text: line.split('\t')[0]! }))

/** The peer's words and tags: between spaces, a hash of the word modulo 12. */
const hashTagger: Tagger = async (text) => {
  const { words } = await wordsBetweenSpaces(text)
  return { words, tags: words.map((word) => String(crc32(word) % 12)) }
}

const measure: Record<string, () => Promise<object>> = {
  async generate() {
    const corpus = await tagCorpus(examples, { tagger: hashTagger })
    // Untimed: the engine compiles what runs often, once a process.
    for (const _ of augmentTagged(corpus, { seed: 1, perExample }));
    const begun = performance.now()
    const made: string[] = []
    for (const { text } of augmentTagged(corpus, { seed: 0, perExample })) made.push(text)
    const seconds = (performance.now() - begun) / 1000
    const tried = examples.length * perExample
    return { value: tried / seconds, made: made.length, tried }
  },
  async tag() {
    const tagger = await winkTagger()
    const begun = performance.now()
    await tagCorpus(examples, { tagger })
    return { value: examples.length / ((performance.now() - begun) / 1000) }
  },
}
console.log(JSON.stringify(await measure[what!]!()))
