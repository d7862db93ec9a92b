import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KdError } from '@kd/core'

export interface TextFileOptions {
  /** Bytes that stay in memory at most, the newest. Default: 32 MiB, some 500,000 sentences of SST-2. */
  inMemory?: number
  /** Where the file lies. Default: the system's temporary folder. */
  folder?: string
  /** Writes to it. Default: node's. */
  write?: (file: number, bytes: Uint8Array) => number
}

const firstRoom = 2 ** 16

/** Bytes to be added to and read anywhere: what exceeds the memory lies in a file that has no name, and so is gone with the process. */
export class TextFile {
  length = 0
  readonly #inMemory: number
  readonly #path: string
  readonly #write: (file: number, bytes: Uint8Array) => number
  /** What follows the first `#stored` bytes. */
  #tail: Buffer
  #stored = 0
  #file: number | undefined
  #scratch = Buffer.alloc(0)

  constructor({ inMemory = 2 ** 25, folder = tmpdir(), write = writeSync }: TextFileOptions = {}) {
    this.#inMemory = inMemory
    this.#path = join(folder, `kd-texts-${randomUUID()}`)
    this.#write = write
    this.#tail = Buffer.allocUnsafeSlow(Math.min(firstRoom, inMemory))
  }

  /**
   * @returns where they begin
   * @throws KdError of kind `io`
   */
  add(bytes: Uint8Array): number {
    const used = this.length - this.#stored
    if (used + bytes.length > this.#inMemory) {
      this.#store(this.#tail.subarray(0, used))
      if (bytes.length > this.#inMemory) this.#store(bytes)
      else this.#put(bytes, 0)
    } else this.#put(bytes, used)
    const start = this.length
    this.length += bytes.length
    return start
  }

  /**
   * UTF-8 text of bytes that were added together.
   * @throws KdError of kind `io`
   */
  text(start: number, length: number): string {
    if (start >= this.#stored) return this.#tail.toString('utf8', start - this.#stored, start - this.#stored + length)
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(2 * length)
    let done = 0
    while (done < length) {
      const more = this.#try('reading', () => readSync(this.#file!, this.#scratch, done, length - done, start + done))
      if (more === 0) throw this.#failed('reading', 'the end of the file')
      done += more
    }
    return this.#scratch.toString('utf8', 0, length)
  }

  /** Lets go of the file. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #put(bytes: Uint8Array, at: number): void {
    if (at + bytes.length > this.#tail.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#inMemory, Math.max(2 * this.#tail.length, at + bytes.length)))
      this.#tail.copy(larger, 0, 0, at)
      this.#tail = larger
    }
    this.#tail.set(bytes, at)
  }

  #store(bytes: Uint8Array): void {
    this.#file ??= this.#try('making it', () => {
      const file = openSync(this.#path, 'wx+', 0o600)
      unlinkSync(this.#path)
      return file
    })
    for (let done = 0; done < bytes.length; ) {
      done += this.#try('writing', () => this.#write(this.#file!, bytes.subarray(done)))
    }
    this.#stored += bytes.length
  }

  #try<T>(doing: string, work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw this.#failed(doing, (cause as NodeJS.ErrnoException).code ?? String(cause), cause)
    }
  }

  #failed(doing: string, why: string, cause?: unknown): KdError {
    return new KdError({
      kind: 'io',
      what: `the texts of a transfer set lie in a temporary file, and ${doing} failed with ${why}`,
      where: { file: this.#path },
      fix: 'Make room there, or set TMPDIR to a folder with room and rights.',
      cause,
    })
  }
}
