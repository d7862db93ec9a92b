type Numbers = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** The array itself where it has room for `length` numbers, else a longer copy: at least twice as long. */
export function grown<T extends Numbers>(array: T, length: number): T {
  if (length <= array.length) return array
  const longer = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length))
  longer.set(array)
  return longer
}
