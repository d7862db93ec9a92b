import { compare } from './compare.ts'
import { ourProcess, pythonPeer } from './processes.ts'
import type { Bench } from './row.ts'

const rows = '20000'
const iterations = '10'

/** Augmentation of pairs by the paper's rules: 20,000 pairs, 10 tries each, duplicates dropped; and new pairs of the same texts. */
export const bench: Bench = async ({ data, runs }) => {
  if (!data) throw new Error('augment-pairs: give a TSV with the columns question1 and question2, such as --data glue/QQP/train.tsv')
  const args = [data, '--rows', rows, '--iterations', iterations]
  return [
    await compare('augment-pairs', `${rows} pairs x ${iterations}, words and tags given, after one untimed round`, 'tries/s', {
      ours: () => ourProcess('augment-process.ts', ['generatePairs', ...args]),
      theirs: { name: 'plain Python script', run: () => pythonPeer('augment_pairs.py', args) },
      runs,
    }),
    await compare('pair-up', 'pairs of the texts of 40,000 pairs, three of four by nearest neighbours, index included', 'pairs/s', {
      ours: () => ourProcess('augment-process.ts', ['pairUp', data, '--rows', '40000']),
      runs,
    }),
  ]
}
