/** The stations that take long. */
export type Stage = 'read' | 'augment' | 'choose' | 'label' | 'train' | 'evaluate' | 'measure' | 'save'

export interface ProgressEvent {
  readonly stage: Stage
  /** Which of several like works this is: the name of a row, a file. */
  readonly name?: string
  /** How much is done, in `unit`. */
  readonly done: number
  /** How much there will be; absent where it can't be known. */
  readonly total?: number
  readonly unit: 'examples' | 'sentences' | 'steps' | 'bytes'
  /** Seconds since this stage began, pauses of earlier runs excluded. */
  readonly seconds: number
  /** Figures worth showing beside it, such as `{ loss: 0.12, 'validation accuracy': 0.86 }`. */
  readonly figures?: Readonly<Record<string, number>>
}

export type OnProgress = (event: ProgressEvent) => void
