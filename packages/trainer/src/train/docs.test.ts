import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runExamples } from '../../../../tools/readme-example.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

it("docs/pairs.md's examples print what it says", async () => {
  const place = await mkdtemp(join(tmpdir(), 'kd-docs-'))
  try {
    const examples = await runExamples(path('../../../../docs/pairs.md'), path('../..'), { cwd: place })
    expect(examples).toHaveLength(2)
    for (const { printed, promised } of examples) expect(printed).toBe(promised)
  } finally {
    await rm(place, { recursive: true })
  }
}, 300_000)
