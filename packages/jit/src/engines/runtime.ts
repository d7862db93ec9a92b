import type { OperatorTime, Requests } from './native/protocol.ts'

/** What runs ONNX graphs and keeps tensors between runs: requests go out, promises come back, in order. */
export interface Runtime {
  request<K extends keyof Requests>(kind: K, request: Requests[K][0], what?: string): Promise<Requests[K][1]>
  /** A buffer's bytes, waiting for them. */
  readSync(buffer: string, bytes: number): Uint8Array
  /** So many that work at the same time, itself the first of them; absent where there is only one. */
  team?(count: number): Promise<Runtime[]>
  /** Begins to time operators in all that work, or ends and gives the times; absent where it can't. */
  profile?(on: boolean): Promise<readonly OperatorTime[]>
  /** Why it is gone, if it is. */
  readonly death: string | undefined
  /** Ends it after what it is doing now; all that waits is rejected. */
  stop(): Promise<void>
}
