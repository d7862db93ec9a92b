import type { OnnxTensor } from '../tensor.ts'
import type { Distinct } from './distinct.ts'
import type { TrainStepOptions } from './options.ts'

/** A step made ready: checked, its ids made distinct. */
export interface PreparedStep {
  readonly inputs: Readonly<Record<string, OnnxTensor>>
  readonly distinct: Distinct
  readonly idsShape: readonly number[]
  readonly learningRate: number
  /** From 1. */
  readonly step: number
}

/** Weights and slots by the names of `stateNames`. */
export type StepState = Readonly<Record<string, Float32Array>>

/** What makes steps: the native engine, or TensorFlow.js. */
export interface StepEngine {
  readonly traces: number
  run(step: PreparedStep): Promise<number>
  sync(): Promise<void>
  read(): Promise<Record<string, Float32Array>>
  /** All of the state, with the sizes of `stateSizes`. */
  write(state: StepState): Promise<void>
  dispose(): Promise<void>
}

export const variableName = (index: number, slot?: string): string => `variable ${index}${slot ? ` ${slot}` : ''}`
export const tableName = (name: string, slot?: string): string => `table ${name}${slot ? ` ${slot}` : ''}`

/** The state's arrays in order, with their lengths. */
export function stateSizes({ variables, tables = [], optimizer }: TrainStepOptions): Map<string, number> {
  const sizes = new Map<string, number>()
  const slots = [undefined, ...optimizer.slots]
  variables.forEach(({ size }, index) => {
    for (const slot of slots) sizes.set(variableName(index, slot), size)
  })
  for (const { name, data, trainable } of tables) {
    if (trainable) for (const slot of slots) sizes.set(tableName(name, slot), data.length)
  }
  return sizes
}
