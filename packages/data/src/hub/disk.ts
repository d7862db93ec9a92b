import { type FileHandle, open } from 'node:fs/promises'

/** A file that grows. */
export interface GrowingFile {
  write(bytes: Uint8Array): Promise<void>
  /** Waits until all is on the disk, and closes it. */
  close(): Promise<void>
}

/** What downloading needs of a disk: node's by default, one that is full on purpose in tests. */
export interface Disk {
  /** Opens a file at its end, or empties it first. */
  open(path: string, from: 'end' | 'start'): Promise<GrowingFile>
}

export const nodeDisk: Disk = {
  async open(path, from) {
    const file: FileHandle = await open(path, from === 'end' ? 'a' : 'w')
    return {
      async write(bytes) {
        await file.writeFile(bytes)
      },
      async close() {
        try {
          await file.sync()
        } finally {
          await file.close()
        }
      },
    }
  },
}
