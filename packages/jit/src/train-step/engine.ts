import type { OnnxTensor } from '../tensor.ts'
import type { Distinct } from './distinct.ts'
import type { TrainStepOptions } from './options.ts'

/** A step made ready: checked, its ids made distinct. */
export interface PreparedStep {
  readonly inputs: Readonly<Record<string, OnnxTensor>>
  readonly distinct: Distinct
  readonly idsShape: readonly number[]
  /** For how many distinct ids there shall be room; 0: no matter. */
  readonly room: number
  readonly learningRate: number
  /** From 1. */
  readonly step: number
}

/** Weights and slots by the names of `stateParts`. */
export type StepState = Readonly<Record<string, Float32Array>>

/** What makes steps: the native engine, or TensorFlow.js. */
export interface StepEngine {
  readonly traces: number
  run(step: PreparedStep): Promise<number>
  /**
   * The same where steps may begin while the one before is running: makes a step ready, and gives what begins it. It fails where one
   * that was running at this call, or begun since, has failed.
   */
  ready?(step: PreparedStep): Promise<() => Promise<number>>
  sync(): Promise<void>
  read(): Promise<Record<string, Float32Array>>
  /** All of the state, with the sizes of `stateParts`. */
  write(state: StepState): Promise<void>
  dispose(): Promise<void>
}

export const variableName = (index: number, slot?: string): string => `variable ${index}${slot ? ` ${slot}` : ''}`
export const tableName = (name: string, slot?: string): string => `table ${name}${slot ? ` ${slot}` : ''}`

/** One array of the state. */
export interface StatePart {
  readonly name: string
  readonly size: number
  /** The optimizer's slot that it is; absent for weights. */
  readonly slot: string | undefined
  readonly of: 'variable' | 'table'
}

/** The state's arrays in order: variables, then the tables that are trained, each followed by its slots. */
export function stateParts({ variables, tables = [], optimizer }: TrainStepOptions): StatePart[] {
  const slots = [undefined, ...optimizer.slots]
  return [
    ...variables.flatMap(({ size }, index) =>
      slots.map((slot) => ({ name: variableName(index, slot), size, slot, of: 'variable' as const })),
    ),
    ...tables
      .filter(({ trainable }) => trainable)
      .flatMap(({ name, data }) => slots.map((slot) => ({ name: tableName(name, slot), size: data.length, slot, of: 'table' as const }))),
  ]
}
