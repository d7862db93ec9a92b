import type { Teacher } from '@kd/core'

/** Keeps one teacher's logits by text, so that no text is labelled twice. Keys are `textHash` of the example. */
export interface LogitStore {
  /** Copies a text's logits to `into`. False where the text has none. */
  read(key: Uint8Array, into: Float32Array): boolean
  /**
   * Stores logits, row-major `[keys.length, classes]`: all or none. A text that has logits keeps them. Returns once
   * they would survive a power cut.
   */
  write(keys: readonly Uint8Array[], logits: Float32Array): void
  /** What was noted down under a name. */
  note(name: string): string | undefined
  setNote(name: string, value: string): void
  close(): Promise<void>
}

/** Who gave the logits of a store: what `openLogitStore` tells teachers apart by. */
export type TeacherIdentity = Pick<Teacher, 'name' | 'fingerprint' | 'labels'>

export interface StoredLogits {
  readonly key: Uint8Array
  /** One for each of the teacher's labels. */
  readonly logits: Float32Array
}

/** A store that lies in a file. */
export interface LogitFile extends LogitStore {
  readonly file: string
  readonly teacher: TeacherIdentity
  /** Texts that have logits. */
  readonly length: number
  /**
   * All rows in the order of their keys, read piece by piece: a writer is not kept waiting, and what it adds meanwhile
   * may or may not be among them.
   */
  rows(): Generator<StoredLogits>
}

/** A store that forgets: for labelling without a file. */
export const noStore: LogitStore = {
  read: () => false,
  write() {},
  note: () => undefined,
  setNote() {},
  async close() {},
}
