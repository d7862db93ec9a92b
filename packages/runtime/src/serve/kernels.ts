/**
 * The arithmetic of a student, done by WebAssembly or by plain JavaScript. All buffers belong to the instance and are
 * used again: no call allocates.
 */
export interface Kernels {
  readonly engine: 'wasm' | 'javascript'
  /** Of how many words it keeps the input projections. */
  readonly slots: number
  /** Projects a word's vector by the input weights of both directions, and keeps the result in a slot. */
  project(word: number, slot: number): void
  /** Where the caller writes the slots of a text's words, in their order; as long as the longest text. */
  readonly places: Int32Array
  /**
   * Runs the BiLSTM over the first `length` of `places`.
   * @returns the final states, forward and backward side by side, `[2 * hidden]`: a view, until the next call
   */
  states(length: number): Float32Array
  /** Keeps a pair's first text for `classify`. */
  keepFirst(states: Float32Array): void
  /** Logits of one text's states, or of the kept first text and this second one. */
  classify(states: Float32Array, logits: Float32Array): void
}
