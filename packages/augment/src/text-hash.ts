/**
 * Puts the 64-bit hash of the code units from `begin` to before `end` into `hashes`, two numbers from `at` on.
 */
export function hashText(hashes: Uint32Array, at: number, codes: Uint16Array, begin: number, end: number): void {
  // Two lanes of 32 bits, each multiplying and folding its upper bits back, so that every character reaches all bits.
  let a = 0x9e3779b1
  let b = 0x85ebca77
  for (let i = begin; i < end; i += 2) {
    // Two characters at a time; a last one alone is told from one before a zero by the length.
    const two = codes[i]! | (i + 1 < end ? codes[i + 1]! << 16 : 0)
    a = Math.imul(a ^ two, 0xcc9e2d51)
    a ^= a >>> 15
    b = Math.imul(b + two, 0x1b873593)
    b = (b << 13) | (b >>> 19)
  }
  a ^= end - begin
  hashes[at] = avalanche(a)
  hashes[at + 1] = avalanche(b ^ Math.imul(a, 5))
}

/**
 * Puts a pair's hash, of the hashes of its two texts, in place of the first.
 * @param anyOrder whether it is that of the pair the other way round too
 */
export function hashPair(hashes: Uint32Array, at: number, others: Uint32Array, other: number, anyOrder: boolean): void {
  let [a, aHigh, b, bHigh] = [hashes[at]!, hashes[at + 1]!, others[other]!, others[other + 1]!]
  if (anyOrder && (b < a || (b === a && bHigh < aHigh))) [a, aHigh, b, bHigh] = [b, bHigh, a, aHigh]
  // Of one text and two different ones each lane stays different: a product with an odd number is.
  hashes[at] = avalanche(a + Math.imul(b, 0xcc9e2d51) + 0x9e3779b1)
  hashes[at + 1] = avalanche(bHigh + Math.imul(aHigh, 0x1b873593) + 0x85ebca77)
}

/** Spreads every bit over all 32 (the last step of MurmurHash3). */
function avalanche(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
