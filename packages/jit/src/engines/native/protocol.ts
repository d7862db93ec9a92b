import type { OnnxTensor } from '../../tensor.ts'

/** Where a tensor lives that stays in the worker between runs: a part of a named buffer. */
export interface Held {
  readonly buffer: string
  readonly type: 'float32' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool'
  readonly shape: readonly number[]
  /** In elements from the buffer's begin. */
  readonly offset?: number
}

export interface ValueFacts {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

export interface SessionFacts {
  readonly inputs: readonly ValueFacts[]
  readonly outputs: readonly ValueFacts[]
}

/** What all runs of an operator took together; without a name: whole runs. */
export interface OperatorTime {
  readonly operator: string
  readonly calls: number
  readonly microseconds: number
}

/** Rows of a shared table as an input. */
export interface Gather {
  readonly shared: string
  readonly rows: Int32Array
  readonly columns: number
}

/** Numbers that go between shared memory and a buffer of the worker. */
export interface Copy {
  readonly buffer: string
  readonly shared: string
  /** In the shared memory, in elements. */
  readonly offset: number
  readonly length: number
  /** In the buffer; default: the same. */
  readonly at?: number
}

/** What some workers have done. */
export interface Done {
  /** By worker, the number of what it did last; below zero where that failed. All see it. */
  readonly done: Int32Array
  readonly workers: readonly number[]
  /** Larger than those before. */
  readonly number: number
}

/** When a worker does its share of a step. */
export interface StepTurns extends Pick<Done, 'done'> {
  readonly worker: number
  /** What the share comes after: the updates of the step before. */
  readonly after: Omit<Done, 'done'> | undefined
  /** What its update comes after: the gradients of all parts. */
  readonly gradients: Omit<Done, 'done'>
  readonly updates: Omit<Done, 'done'>
}

export interface RunRequest {
  readonly session: number
  /** Inputs that come with the run. */
  readonly feeds: Readonly<Record<string, OnnxTensor>>
  /** Inputs that are in the worker already. */
  readonly held?: Readonly<Record<string, Held>>
  /** Outputs that stay in the worker; never the buffer of an input of the same run. */
  readonly into?: Readonly<Record<string, Held>>
  /** Outputs whose rows go into rows of a buffer, in order; rows beyond `rows.length` are dropped. */
  readonly scatter?: Readonly<Record<string, { readonly buffer: string; readonly rows: Int32Array }>>
  /** Copied from shared memory before the run. */
  readonly pull?: readonly Copy[]
  readonly gather?: Readonly<Record<string, Gather>>
  /** Copied to shared memory after it. */
  readonly publish?: readonly Copy[]
  /** Outputs that are sent back. */
  readonly returns: readonly string[]
}

/** Numbers that all threads see. */
export interface SharedFloats {
  /** A memory of WebAssembly, in which loops work where numbers lie, or another one. */
  readonly memory: SharedArrayBuffer | WasmMemory
  /** Of a memory of WebAssembly, the same each time: each message has another object for it. */
  readonly arena?: number
  /** In bytes. */
  readonly offset: number
  readonly length: number
}

/** TypeScript's types of WebAssembly come with the browser's, which this package does without. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer
}

/** Numbers one after the other, of a buffer of the worker or of memory that all see; or rows of such memory, in any order. */
export type Place =
  | { readonly buffer: string; readonly offset: number }
  | { readonly shared: string; readonly offset: number }
  | { readonly shared: string; readonly rows: Int32Array }

/** A loop over arrays of one length, once or for each of some rows. */
export interface LoopRun {
  readonly loop: number
  readonly scalars: readonly number[]
  /** Of a row, which is also how far rows lie apart. */
  readonly length: number
  /** Rows. */
  readonly count: number
  readonly from: readonly Place[]
  /** May be arrays that it reads: each element is read before it is written. */
  readonly to: readonly Place[]
}

/** What the worker is asked to do, each with the answer it gives. */
export interface Requests {
  load: [{ session: number; model: Uint8Array; threads: number; options: Readonly<Record<string, unknown>> | undefined }, SessionFacts]
  run: [RunRequest, Record<string, OnnxTensor>]
  /** Makes or replaces buffers; a number allocates that many bytes of zeros. */
  hold: [{ buffers: Readonly<Record<string, OnnxTensor['data'] | number>> }, undefined]
  /** Overwrites a part of a buffer, from `offset` in elements. */
  write: [{ buffer: string; offset: number; data: Float32Array }, undefined]
  /** Copies of buffers, as they are, in bytes. */
  read: [{ buffers: readonly string[] }, Record<string, Uint8Array>]
  /** The same for one buffer into shared memory; `done` becomes 1, or 2 if there is no such buffer, for a thread that waits. */
  copy: [{ buffer: string; target: Uint8Array; done: Int32Array }, undefined]
  forget: [{ buffers: readonly string[] }, undefined]
  /** Begins to time operators, or ends and answers with the times. */
  profile: [{ on: boolean }, readonly OperatorTime[]]
  dispose: [{ session: number }, undefined]
  /** Makes memory known that other threads see, too. */
  share: [{ memory: Readonly<Record<string, SharedFloats>> }, undefined]
  unshare: [{ memory: readonly string[] }, undefined]
  /** Makes loops known, by numbers that no two share. */
  loops: [{ loops: Readonly<Record<number, Uint8Array>> }, undefined]
  unloop: [{ loops: readonly number[] }, undefined]
  /** Runs loops; answers with the sum of what they return. */
  loop: [{ runs: readonly LoopRun[] }, { squares: number }]
  /** A worker's share of a step: the gradients of a part, if it has one, then updates; answers as `run`. */
  step: [{ run: RunRequest | undefined; update: readonly LoopRun[]; turns: StepTurns }, Record<string, OnnxTensor>]
  /** Puts numbers into shared memory, and rows into rows of it. */
  commit: [{ copies: readonly Copy[]; rows: readonly { buffer: string; shared: string; columns: number; rows: Int32Array }[] }, undefined]
}
