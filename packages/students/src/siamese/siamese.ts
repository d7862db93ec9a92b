import { describe, type StudentDescription, type StudentOptions } from '../student/description.ts'

export type SiameseOptions = StudentOptions

/**
 * Describes the paper's student of pairs (section 3.2): one bidirectional LSTM reads both texts; of their final states a
 * and b a ReLU layer reads a, b, a * b and |a - b|; logits.
 * @throws KdError of kind `option`
 */
export function siamese(options: SiameseOptions = {}): StudentDescription {
  return describe('siamese', options)
}
