import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'

/** Who writes to a store: kept in the store itself, where a transaction makes taking it safe. */
export interface WriterClaim {
  readonly id: string
  readonly pid: number
  readonly thread: number
  readonly host: string
  /** When the process began, as its system counts; undefined where that is unknown. A number of a process is used again. */
  readonly started?: string
}

/** The claims of this thread, whichever copy of this file made them. */
const held: Set<string> = ((globalThis as { [key: symbol]: unknown })[Symbol.for('@kd/trainer/claims')] ??= new Set()) as Set<string>

export function newClaim(): WriterClaim {
  return { id: randomUUID(), pid: process.pid, thread: threadId, host: hostname(), started: startOf(process.pid) }
}

export const hold = ({ id }: WriterClaim): void => void held.add(id)
export const letGo = ({ id }: WriterClaim): void => void held.delete(id)

/**
 * Whether the one who made a claim still runs. A process that was killed leaves its claim behind. One of another host
 * is over: LMDB needs a local disk, so it is left from another container or a machine's former name.
 */
export function isAlive({ id, pid, thread, host, started }: WriterClaim): boolean {
  if (held.has(id)) return true
  if (host !== hostname()) return false
  if (pid === process.pid && started === startOf(pid)) return thread !== threadId
  if (!runs(pid)) return false
  const now = startOf(pid)
  return now === undefined || started === undefined || now === started
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return stateOf(pid) !== 'Z'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Fields of Linux's /proc/PID/stat after the name, which may hold spaces itself: the first is the state (proc(5)). */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

const stateOf = (pid: number): string | undefined => statOf(pid)?.[0]
/** Field 22, in clock ticks since the system began. */
const startOf = (pid: number): string | undefined => statOf(pid)?.[22 - 3]
