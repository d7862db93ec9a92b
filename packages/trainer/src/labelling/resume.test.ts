import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { dataset, KdError, type Task, textKey } from '@kd/core'
import { fakeTeacher } from '@kd/core/test'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { matesTeacher, someTexts } from '../../fixtures/mates-teacher.ts'
import { openLogitStore } from '../store/lmdb-store.ts'
import type { LogitStore } from '../store/logit-store.ts'
import { labelTransferSet } from './label-transfer-set.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-label-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = { batchSize: 16 }

describe('labelling that was stopped', () => {
  it('goes on with the same bits, wherever it was aborted, and asks for no stored batch again', async () => {
    const texts = someTexts(150)
    const asked: string[][] = []
    const whole = await labelTransferSet(
      texts,
      matesTeacher((batch) => void asked.push(batch.map(textKey))),
      options,
    )
    expect(asked.flat().sort()).toEqual(texts.map(textKey).sort())
    const batches = asked.length
    for (let stopAt = 1; stopAt <= batches; stopAt++) {
      const store = join(folder, `${stopAt}.lmdb`)
      const controller = new AbortController()
      let calls = 0
      const teacher = matesTeacher(() => void (++calls === stopAt && controller.abort()))
      const stopped = await labelTransferSet(texts, teacher, { ...options, store, signal: controller.signal }).then(
        () => undefined,
        (error) => error,
      )
      // The last batch is stored before anybody looks at the signal again.
      if (calls < batches) expect(KdError.isInstance(stopped, 'aborted')).toBe(true)
      const again = await labelTransferSet(texts, teacher, { ...options, store })
      expect(calls).toBe(batches)
      expect(Buffer.from(again.logits.buffer).equals(Buffer.from(whole.logits.buffer))).toBe(true)
      expect(again.counts.stored).toBeGreaterThan(0)
    }
  })

  it('is not changed by the order of the texts, nor by an abort after the end', async () => {
    const texts = someTexts(60)
    const controller = new AbortController()
    const forwards = await labelTransferSet(texts, matesTeacher(), { ...options, signal: controller.signal })
    controller.abort()
    const backwards = await labelTransferSet([...texts].reverse(), matesTeacher(), options)
    const rows = (set: typeof forwards) => Object.fromEntries([...set].map(({ example, logits }) => [example.text, [...logits]]))
    expect(rows(backwards)).toEqual(rows(forwards))
  })

  it('runs a batch whole when one of its texts is missing, and keeps what is stored', async () => {
    const texts = someTexts(40)
    const store = join(folder, 'part.lmdb')
    const part = await labelTransferSet(texts.slice(0, 25), matesTeacher(), { ...options, store })
    const sizes: number[] = []
    const all = await labelTransferSet(
      texts,
      matesTeacher((batch) => void sizes.push(batch.length)),
      { ...options, store },
    )
    expect([...all.logits.subarray(0, 50)]).toEqual([...part.logits])
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(15)
  })

  it('asks for the missing texts alone where no answer depends on the others', async () => {
    const texts = someTexts(40)
    const store = join(folder, 'independent.lmdb')
    const asked: string[] = []
    const teacher = { ...fakeTeacher({ onBatch: (batch) => void asked.push(...batch.map(({ text }) => text)) }), independent: true }
    await labelTransferSet(texts.slice(0, 25), teacher, { ...options, store })
    const again = await labelTransferSet(texts, teacher, { ...options, store })
    expect(asked).toHaveLength(40)
    expect(new Set(asked).size).toBe(40)
    expect(again.logits).toEqual((await labelTransferSet(texts, fakeTeacher(), options)).logits)
  })

  it('does not ask the teacher for the check again', async () => {
    const task: Task = { name: 'any', labels: ['negative', 'positive'], pairs: false, metrics: ['accuracy'] }
    const check = dataset(
      task,
      Array.from({ length: 30 }, (_, index) => ({ text: `${index} ${'+-'[index % 2]}`, label: 1 - (index % 2) })),
    )
    let asked = 0
    const teacher = fakeTeacher({ onBatch: (batch) => void (asked += batch.length) })
    const store = join(folder, 'checked.lmdb')
    for (let run = 0; run < 3; run++) await labelTransferSet([{ text: 'a' }], teacher, { store, check })
    expect(asked).toBe(31)
    await labelTransferSet([{ text: 'a' }], teacher, { store, check: dataset(task, check.examples.slice(1)) })
    expect(asked).toBe(31 + 29)
  })

  it('goes on with the same bits after its n-th write failed, for each n', async () => {
    const texts = someTexts(150)
    let batches = 0
    const whole = await labelTransferSet(
      texts,
      matesTeacher(() => void batches++),
      options,
    )
    for (let failAt = 1; failAt <= batches; failAt++) {
      const file = join(folder, `write-${failAt}.lmdb`)
      const store = openLogitStore(file, matesTeacher())
      let writes = 0
      const failing: LogitStore = {
        ...bound(store),
        write(keys, logits) {
          if (++writes === failAt) throw new KdError({ kind: 'io', what: 'the disk is full, on purpose' })
          store.write(keys, logits)
        },
      }
      const error = await labelTransferSet(texts, matesTeacher(), { ...options, store: failing }).catch((error) => error)
      await store.close()
      expect(KdError.isInstance(error, 'io')).toBe(true)
      let asked = 0
      const again = await labelTransferSet(
        texts,
        matesTeacher(() => void asked++),
        { ...options, store: file },
      )
      expect(asked).toBe(batches - (failAt - 1))
      expect(Buffer.from(again.logits.buffer).equals(Buffer.from(whole.logits.buffer))).toBe(true)
    }
  })

  it('goes on with the same bits after the disk was full, wherever that was', async () => {
    const texts = someTexts(400)
    const whole = await labelTransferSet(texts, matesTeacher(), options)
    const reported: number[] = []
    for (const kilobytes of [24, 36, 48]) {
      const store = join(folder, `${kilobytes}.lmdb`)
      const run = await runChild(store, Number.POSITIVE_INFINITY, kilobytes)
      expect({ code: run.code, failed: run.failed }).toEqual({ code: 1, failed: 'io' })
      expect(run.message).toContain(store)
      reported.push(run.stored)
      const again = await labelTransferSet(texts, matesTeacher(), { ...options, store })
      expect(again.counts.stored).toBeGreaterThanOrEqual(run.stored)
      expect(Buffer.from(again.logits.buffer).equals(Buffer.from(whole.logits.buffer))).toBe(true)
    }
    expect(new Set(reported).size, `stored ${reported}`).toBeGreaterThan(1)
  }, 60_000)

  it('refuses to label into a store that another process labels into, which is not disturbed', async () => {
    const texts = someTexts(400)
    const whole = await labelTransferSet(texts, matesTeacher(), options)
    const store = join(folder, 'shared.lmdb')
    let refused: unknown
    const run = await runChild(store, Number.POSITIVE_INFINITY, undefined, async () => {
      refused ??= await labelTransferSet(texts, matesTeacher(), { ...options, store }).catch((error) => error)
    })
    expect(KdError.isInstance(refused, 'io')).toBe(true)
    expect((refused as KdError).message).toMatch(/open for writing/)
    expect(run.end).toBe(Buffer.from(whole.logits.buffer).toString('base64'))
    const again = await labelTransferSet(texts, matesTeacher(), { ...options, store })
    expect(again.counts.stored).toBe(400)
  }, 60_000)

  it('survives being killed while it stores: same bits, nothing stored is labelled twice', async () => {
    const texts = someTexts(400)
    const whole = await labelTransferSet(texts, matesTeacher(), options)
    const store = join(folder, 'killed.lmdb')
    const stored = new Set<string>()
    let kills = 0
    let logits: string | undefined
    for (let run = 0; run < 8 && !logits; run++) {
      const { asked, end, reported } = await runChild(store, run < 4 ? 3 + run : Number.POSITIVE_INFINITY)
      for (const text of asked.flat()) expect(stored.has(text)).toBe(false)
      // The batch in hand when the kill came was not reported stored; it may be there or not.
      for (const batch of asked.slice(0, reported)) for (const text of batch) stored.add(text)
      if (end === undefined && reported > 0) kills++
      logits = end
    }
    expect(kills).toBeGreaterThanOrEqual(4)
    expect(logits).toBe(Buffer.from(whole.logits.buffer).toString('base64'))
  }, 60_000)
})

interface ChildRun {
  asked: string[][]
  /** Batches reported stored. */
  reported: number
  /** Texts reported stored. */
  stored: number
  /** Logits of a run that came to its end. */
  end?: string
  failed?: string
  message?: string
  code: number | null
}

/** A store's methods, to be replaced one by one. */
const bound = (store: LogitStore): LogitStore => ({
  read: (key, into) => store.read(key, into),
  write: (keys, logits) => store.write(keys, logits),
  note: (name) => store.note(name),
  setNote: (name, value) => store.setNote(name, value),
  close: () => store.close(),
})

/** Runs the child until it has reported so many stored batches, then kills it; on a disk that takes files of so many kilobytes. */
async function runChild(store: string, killAfter: number, kilobytes?: number, onStored?: () => Promise<void>): Promise<ChildRun> {
  const script = new URL('../../fixtures/label-in-child.ts', import.meta.url).pathname
  const limit = kilobytes === undefined ? '' : `ulimit -f ${kilobytes}; trap '' XFSZ; `
  const command = `${limit}exec "$0" --conditions=@kd/source --import tsx "$1" "$2"`
  const child = spawn('bash', ['-c', command, process.execPath, script, store], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit') as Promise<[number | null]>
  const run: ChildRun = { asked: [], reported: -1, stored: 0, code: null }
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { asked?: string[]; stored?: number; logits?: string; failed?: string; message?: string }
    if (event.asked) run.asked.push(event.asked)
    if (event.stored !== undefined) {
      run.stored = event.stored
      if (++run.reported >= killAfter) child.kill('SIGKILL')
      if (run.reported > 0) await onStored?.()
    }
    run.end = event.logits ?? run.end
    if (event.failed) Object.assign(run, event)
  }
  run.code = (await exit)[0]
  return run
}
