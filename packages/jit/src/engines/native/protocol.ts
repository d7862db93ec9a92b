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
  /** Outputs that are sent back. */
  readonly returns: readonly string[]
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
  dispose: [{ session: number }, undefined]
}
