import { LocalRuntime } from '../web/runtime.ts'
import type { Platform } from './platform.ts'

interface Page {
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly KD_ENGINE?: string
  readonly KD_THREADS?: string
  dispatchEvent?(event: Event): boolean
}

const page = globalThis as unknown as Page
const processors = page.navigator?.hardwareConcurrency ?? 1

/**
 * A page has no environment: `KD_ENGINE` and `KD_THREADS` are properties of its global object, and the warning
 * is an event `kd-fallback` there, with the message as its `detail`.
 */
export const platform: Platform = {
  environment: { KD_ENGINE: page.KD_ENGINE, KD_THREADS: page.KD_THREADS },
  processors,
  runtimes: [{ name: 'onnxruntime-web', start: (threads) => LocalRuntime.start(() => import('onnxruntime-web/wasm'), threads) }],
  warn: (message) => page.dispatchEvent?.(new CustomEvent('kd-fallback', { detail: message })),
}
