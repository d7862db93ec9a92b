/**
 * A row's bytes: logits as fp32, little-endian, then their CRC-32 (of zlib). Worked out in JavaScript: for a few bytes
 * a call of native code takes longer than the look-up.
 */
export function toStoredRow(logits: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(rowBytes(logits.length))
  for (let index = 0; index < logits.length; index++) bytes.writeFloatLE(logits[index]!, index * 4)
  bytes.writeUInt32LE(crc32(bytes, logits.length * 4), logits.length * 4)
  return bytes
}

/** Copies a row's logits to `into`. False where the bytes are damaged. */
export function fromStoredRow(bytes: Buffer, into: Float32Array): boolean {
  const { length } = into
  if (bytes.length !== rowBytes(length) || bytes.readUInt32LE(length * 4) !== crc32(bytes, length * 4)) return false
  for (let index = 0; index < length; index++) into[index] = bytes.readFloatLE(index * 4)
  return true
}

const rowBytes = (classes: number): number => classes * 4 + 4

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

function crc32(bytes: Uint8Array, length: number): number {
  let value = 0xffffffff
  for (let index = 0; index < length; index++) value = table[(value ^ bytes[index]!) & 0xff]! ^ (value >>> 8)
  return ~value >>> 0
}
