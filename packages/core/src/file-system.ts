import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'

/** What writing needs of a disk: node's by default, one that fails on purpose in tests. */
export interface FileSystem {
  /** Makes a folder and its parents. */
  makeFolder(path: string): Promise<void>
  /** Writes a new file, of bytes that are there or come in pieces, and waits until it is on the disk. */
  write(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>
  read(path: string): Promise<Uint8Array>
  /** Names of what a folder holds, sorted; fails with ENOENT or ENOTDIR where there is no folder. */
  list(path: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  /** Removes a file or folder with all it holds; nothing happens where there is none. */
  remove(path: string): Promise<void>
}

export const nodeFileSystem: FileSystem = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true })
  },
  async write(path, bytes) {
    const file = await open(path, 'w')
    try {
      await writeFile(file, bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  },
  read: (path) => readFile(path),
  list: async (path) => (await readdir(path)).sort(),
  rename,
  async remove(path) {
    await rm(path, { recursive: true, force: true })
  },
}
