import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runExamples } from '../../../tools/readme-example.ts'
import { HubServer } from '../../data/test/hub-server.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const family = (name: string) => path(`../fixtures/families/${name}`)

it("docs/teachers.md's examples print what it says", async () => {
  const place = await mkdtemp(join(tmpdir(), 'kd-docs-'))
  const files = (await readdir(family('distilbert'))).filter((name) => name !== 'expected.json')
  const contents = await Promise.all(files.map(async (name) => [name, await readFile(join(family('distilbert'), name))] as const))
  const config = JSON.parse(await readFile(join(family('distilbert'), 'config.json'), 'utf8'))
  const hub = await HubServer.start('distilbert/distilbert-base-uncased-finetuned-sst-2-english', {
    ...Object.fromEntries(contents),
    'config.json': JSON.stringify({ ...config, id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' } }),
  })
  try {
    await cp(family('bert-cased'), join(place, 'my-checkpoint'), { recursive: true })
    await mkdir(join(place, 'my-onnx-export', 'onnx'), { recursive: true })
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
      await cp(join(family('bert-cased'), name), join(place, 'my-onnx-export', name))
    }
    const graph = await readFile(path('../fixtures/onnx/bert-cased-quantized.onnx'))
    await writeFile(join(place, 'my-onnx-export', 'onnx', 'model_quantized.onnx'), graph)
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: join(place, 'cache') }
    const examples = await runExamples(path('../../../docs/teachers.md'), path('..'), { cwd: place, env })
    expect(examples).toHaveLength(5)
    for (const { printed, promised } of examples) expect(printed).toBe(promised)
  } finally {
    await hub.stop()
    await rm(place, { recursive: true })
  }
})
