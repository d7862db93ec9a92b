import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type QuantizeOptions, quantize } from '../src/quantize/quantize-teacher.ts'
import { BertTeacher } from '../src/teacher.ts'

/** Quantises a folder's teacher and saves it into a temporary folder, which is removed after `use`. */
export async function inQuantized<T>(
  folder: string,
  { labels, ...options }: QuantizeOptions & { labels?: readonly string[] },
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const exact = await BertTeacher.load(folder, { labels, threads: 1 })
  const place = await mkdtemp(join(tmpdir(), 'kd-quantized-'))
  try {
    const { teacher } = await quantize(exact, { ...options, threads: 1 })
    await teacher.save(join(place, 'int8'))
    await teacher.dispose()
    return await use(join(place, 'int8'))
  } finally {
    await exact.dispose()
    await rm(place, { recursive: true })
  }
}
