// node store-process.ts fill|look-up FILE: a store of a million texts with the logits of two classes.
import { statSync } from 'node:fs'
import { openLogitStore, textHash } from '@kd/trainer'

const [what, file] = [process.argv[2]!, process.argv[3]!]
const texts = 1_000_000
const batch = 256
const teacher = { name: 'bench@1', labels: ['no', 'yes'] }
const keyOf = (number: number): Uint8Array => textHash({ text: `sentence number ${number}` })

function fill(): object {
  const store = openLogitStore(file, teacher)
  const began = performance.now()
  const { heapUsed } = process.memoryUsage()
  let most = 0
  for (let first = 0; first < texts; first += batch) {
    const keys = Array.from({ length: Math.min(batch, texts - first) }, (_, index) => keyOf(first + index))
    store.write(
      keys,
      Float32Array.from({ length: 2 * keys.length }, (_, index) => first + index),
    )
    if (first % 1024 === 0) most = Math.max(most, process.memoryUsage().heapUsed - heapUsed)
  }
  const writes = (1000 * texts) / (performance.now() - began)
  void store.close()
  return { writes, megabytes: statSync(file).size / 1e6, heapMegabytes: most / 1e6 }
}

function lookUp(): object {
  const began = performance.now()
  const store = openLogitStore(file, teacher, { readOnly: true })
  const seconds = (performance.now() - began) / 1000
  const logits = new Float32Array(2)
  const keys = Array.from({ length: texts }, (_, number) => keyOf(number))
  const rates = (key: (number: number) => Uint8Array): { wall: number; processor: number } => {
    const began = performance.now()
    const before = process.cpuUsage()
    let found = 0
    for (let number = 0; number < texts; number++) if (store.read(key(number), logits)) found++
    if (found !== texts) throw new Error(`${found} of ${texts} texts were found`)
    const { user, system } = process.cpuUsage(before)
    return { wall: (1000 * texts) / (performance.now() - began), processor: (1e6 * texts) / (user + system) }
  }
  const [byKey, byText] = [rates((number) => keys[number]!), rates(keyOf)]
  return { byKey: byKey.wall, byText: byText.wall, byKeyProcessor: byKey.processor, byTextProcessor: byText.processor, seconds }
}

console.log(JSON.stringify(what === 'fill' ? fill() : lookUp()))
