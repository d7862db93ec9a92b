/** One line of a results file. Figures are medians. */
export interface Row {
  id: string
  what: string
  unit: string
  ours: number
  /** Null where no peer is compared. */
  peer: { name: string; version: string } | null
  /** Null where the peer can't be run on this machine. */
  theirs: number | null
  /** How many times better ours is, also where less is better. */
  ratio: number | null
  /** How often each side ran. */
  runs: number
  /** What else belongs to the figure. */
  details?: Readonly<Record<string, number | string>>
}

/** A benchmark: the file's name is its name on the command line. */
export type Bench = (options: BenchOptions) => Promise<Row[]>

export interface BenchOptions {
  /** `--data`: a file or folder that the benchmark explains where it is missing. */
  data: string | undefined
  /** `--model`: a folder that the benchmark explains where it is missing. */
  model: string | undefined
  /** `--runs`: how often each side runs. */
  runs: number
  /** `--rows`: whether a row is wanted. A benchmark may make more. */
  wanted(id: string): boolean
}
