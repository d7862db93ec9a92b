import { KdError, type Task } from '@kd/core'
import type { Columns } from './read-options.ts'

/** Names of columns, of a part with labels. */
type TaskColumns = Columns & { readonly label: string | number }

/** A benchmark's task: its classes in the order of its label numbers, its columns, and the files of its parts. */
export interface TaskSpec extends Task {
  /** Of the TSV files; a test part has the same but the label. */
  readonly columns: TaskColumns
  readonly files: TaskFiles
  /** Of the Parquet files on the Hugging Face hub (`nyu-mll/glue`); their labels are numbers in `label`. */
  readonly hubColumns: Columns
  readonly quirks?: TaskQuirks
}

export interface TaskFiles {
  readonly train: string
  readonly dev: string
  readonly test: string
  /** MNLI's second dev and test parts, of other sources than train. */
  readonly devMismatched?: string
  readonly testMismatched?: string
}

export interface TaskQuirks {
  /** Train and dev have no header; the test part has one, with these columns. */
  readonly headerless?: { readonly testColumns: Columns }
  /** Some rows were cut off by a line break in a text: they are left out. */
  readonly cutRows?: boolean
  /** Some texts are empty: such examples are left out of train. */
  readonly emptyTexts?: boolean
  /** The label is a score, not a class: `label` of an example is that number, and `labels` has one name. */
  readonly score?: boolean
}

const parts: TaskFiles = { train: 'train.tsv', dev: 'dev.tsv', test: 'test.tsv' }
const entailment = ['entailment', 'not_entailment']
const sentencePair = { text: 'sentence1', pair: 'sentence2' }

export type TaskName = 'cola' | 'sst2' | 'mrpc' | 'qqp' | 'stsb' | 'mnli' | 'qnli' | 'rte' | 'wnli'

/** GLUE (Wang et al. 2019), as its download is laid out: nine tasks, without the diagnostic set. */
export const tasks: Readonly<Record<TaskName, TaskSpec>> = {
  cola: {
    name: 'cola',
    labels: ['unacceptable', 'acceptable'],
    pairs: false,
    metrics: ['mcc'],
    columns: { text: 4, label: 2 },
    hubColumns: { text: 'sentence' },
    files: parts,
    quirks: { headerless: { testColumns: { text: 'sentence' } } },
  },
  sst2: {
    name: 'sst2',
    labels: ['negative', 'positive'],
    pairs: false,
    metrics: ['accuracy'],
    columns: { text: 'sentence', label: 'label' },
    hubColumns: { text: 'sentence' },
    files: parts,
  },
  mrpc: {
    name: 'mrpc',
    labels: ['not_equivalent', 'equivalent'],
    pairs: true,
    metrics: ['accuracy', 'f1'],
    columns: { text: '#1 String', pair: '#2 String', label: 'Quality' },
    hubColumns: sentencePair,
    files: parts,
  },
  qqp: {
    name: 'qqp',
    labels: ['not_duplicate', 'duplicate'],
    pairs: true,
    metrics: ['accuracy', 'f1'],
    columns: { text: 'question1', pair: 'question2', label: 'is_duplicate' },
    hubColumns: { text: 'question1', pair: 'question2' },
    files: parts,
    quirks: { cutRows: true, emptyTexts: true },
  },
  stsb: {
    name: 'stsb',
    labels: ['similarity'],
    pairs: true,
    metrics: ['pearson', 'spearman'],
    columns: { ...sentencePair, label: 'score' },
    hubColumns: sentencePair,
    files: parts,
    quirks: { score: true },
  },
  mnli: {
    name: 'mnli',
    labels: ['entailment', 'neutral', 'contradiction'],
    pairs: true,
    metrics: ['accuracy'],
    columns: { ...sentencePair, label: 'gold_label' },
    hubColumns: { text: 'premise', pair: 'hypothesis' },
    files: {
      train: 'train.tsv',
      dev: 'dev_matched.tsv',
      test: 'test_matched.tsv',
      devMismatched: 'dev_mismatched.tsv',
      testMismatched: 'test_mismatched.tsv',
    },
  },
  qnli: {
    name: 'qnli',
    labels: entailment,
    pairs: true,
    metrics: ['accuracy'],
    columns: { text: 'question', pair: 'sentence', label: 'label' },
    hubColumns: { text: 'question', pair: 'sentence' },
    files: parts,
  },
  rte: {
    name: 'rte',
    labels: entailment,
    pairs: true,
    metrics: ['accuracy'],
    columns: { ...sentencePair, label: 'label' },
    hubColumns: sentencePair,
    files: parts,
  },
  wnli: {
    name: 'wnli',
    labels: ['not_entailment', 'entailment'],
    pairs: true,
    metrics: ['accuracy'],
    columns: { ...sentencePair, label: 'label' },
    hubColumns: sentencePair,
    files: parts,
  },
}

/** @throws KdError of kind `option` */
export function checkTaskName(name: string): void {
  if (Object.hasOwn(tasks, name)) return
  throw new KdError({
    kind: 'option',
    what: `there is no task ${JSON.stringify(name)}`,
    where: { option: 'name' },
    fix: `Use one of ${Object.keys(tasks).join(', ')}, or readExamples for a file of your own.`,
  })
}
