import { type FileSystem, nodeFileSystem } from '../file-system.ts'

/** A disk whose `failAt`-th change (counted from 1) fails with `code`, and every later one as well where `forGood`. */
export class FailingFileSystem implements FileSystem {
  changes = 0
  readonly #failAt: number
  readonly #code: string
  readonly #forGood: boolean

  constructor(failAt: number, code: 'ENOSPC' | 'EROFS' | 'EACCES' | 'EIO' = 'ENOSPC', forGood = false) {
    this.#failAt = failAt
    this.#code = code
    this.#forGood = forGood
  }

  makeFolder(path: string): Promise<void> {
    return this.#change(() => nodeFileSystem.makeFolder(path))
  }

  /** A failing write leaves half of the bytes (of a stream: one) behind, as a full disk does. */
  write(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    return this.#change(
      () => nodeFileSystem.write(path, bytes),
      () => nodeFileSystem.write(path, bytes instanceof Uint8Array ? bytes.subarray(0, bytes.length >> 1) : new Uint8Array(1)),
    )
  }

  read(path: string): Promise<Uint8Array> {
    return nodeFileSystem.read(path)
  }

  list(path: string): Promise<string[]> {
    return nodeFileSystem.list(path)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(() => nodeFileSystem.rename(from, to))
  }

  /** Removing never fails: it is what cleans up. */
  remove(path: string): Promise<void> {
    return nodeFileSystem.remove(path)
  }

  async #change(work: () => Promise<void>, halfDone?: () => Promise<void>): Promise<void> {
    this.changes++
    if (this.changes === this.#failAt || (this.#forGood && this.changes > this.#failAt)) {
      await halfDone?.()
      throw Object.assign(new Error(`${this.#code}: on purpose`), { code: this.#code })
    }
    await work()
  }
}
