import { compare } from './compare.ts'
import { ourProcess, pythonPeer } from './processes.ts'
import type { Bench } from './row.ts'

const rows = '20000'
const iterations = '20'

/** Augmentation by the paper's rules: 20,000 sentences, 20 tries each, duplicates dropped. */
export const bench: Bench = async ({ data, runs }) => {
  if (!data) throw new Error('augment: give a TSV with a header and sentences in its first column, such as --data glue/SST-2/train.tsv')
  const args = [data, '--rows', rows, '--iterations', iterations]
  return [
    await compare('augment', `${rows} sentences x ${iterations}, words and tags given, after one untimed round`, 'tries/s', {
      ours: () => ourProcess('augment-process.ts', ['generate', ...args]),
      theirs: { name: 'plain Python script', run: () => pythonPeer('augment.py', args) },
      runs,
    }),
    await compare('augment-tagging', `${rows} sentences, words and part-of-speech tags`, 'sentences/s', {
      ours: () => ourProcess('augment-process.ts', ['tag', ...args]),
      runs,
    }),
  ]
}
