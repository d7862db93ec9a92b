/** Keeps one teacher's logits by text, so that no text is labelled twice. Keys are `hash128` of the example's `textKey`. */
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

/** A store that forgets: for labelling without a file. */
export const noStore: LogitStore = {
  read: () => false,
  write() {},
  note: () => undefined,
  setNote() {},
  async close() {},
}
