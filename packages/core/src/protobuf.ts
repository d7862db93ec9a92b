const textEncoder = new TextEncoder()

/** Writes protobuf messages; numbers are the fields' numbers in the message's definition. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0

  int(field: number, value: number): this {
    this.#tag(field, 0)
    this.#varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, 5)
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#push(bytes)
  }

  string(field: number, value: string): this {
    return this.bytes(field, textEncoder.encode(value))
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2)
    this.#varint(value.length)
    return this.#push(value)
  }

  message(field: number, message: ProtobufWriter): this {
    this.#tag(field, 2)
    this.#varint(message.#length)
    for (const part of message.#parts) this.#parts.push(part)
    this.#length += message.#length
    return this
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType)
  }

  /** Negative numbers take ten bytes, as two's complement of 64 bits. */
  #varint(value: number): void {
    if (value >= 0 && value < 128) {
      this.#push(Uint8Array.of(value))
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    const bytes: number[] = []
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#push(Uint8Array.from(bytes))
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    this.#length += bytes.length
    return this
  }
}
