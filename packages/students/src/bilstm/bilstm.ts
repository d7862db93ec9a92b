import { describe, type StudentDescription, type StudentOptions } from '../student/description.ts'

export type BilstmOptions = StudentOptions

/**
 * Describes the paper's student of single texts (section 3.2): word vectors, one bidirectional LSTM, its two final states
 * side by side, a ReLU layer, logits.
 * @throws KdError of kind `option`
 */
export function bilstm(options: BilstmOptions = {}): StudentDescription {
  return describe('bilstm', options)
}
