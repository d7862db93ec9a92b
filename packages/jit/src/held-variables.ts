import type * as tf from '@tensorflow/tfjs-core'
import { nextNative } from './engines/native/compiled.ts'
import type { Held } from './engines/native/protocol.ts'
import type { NativeRuntime } from './engines/native/runtime.ts'
import type { OnnxTensor } from './tensor.ts'

/** Copies of variables in the worker, renewed when a variable was assigned. */
export class HeldVariables {
  readonly #id = nextNative()
  #copies = new Map<tf.Variable, tf.DataId>()
  #runtime: NativeRuntime | undefined

  async current(runtime: NativeRuntime, variables: readonly tf.Variable[]): Promise<Record<string, Held>> {
    if (this.#runtime !== runtime) this.#copies = new Map()
    this.#runtime = runtime
    const buffers: Record<string, OnnxTensor['data']> = {}
    const held: Record<string, Held> = {}
    for (const variable of variables) {
      const buffer = this.#buffer(variable)
      held[`variable ${variable.id}`] = { buffer, type: variable.dtype as 'float32', shape: variable.shape }
      if (this.#copies.get(variable) === variable.dataId) continue
      this.#copies.set(variable, variable.dataId)
      buffers[buffer] = variable.dataSync() as Float32Array
    }
    if (Object.keys(buffers).length > 0) await runtime.request('hold', { buffers }, 'keep variables')
    return held
  }

  async dispose(): Promise<void> {
    if (this.#runtime?.death !== undefined || this.#copies.size === 0) return
    await this.#runtime?.request('forget', { buffers: [...this.#copies.keys()].map((variable) => this.#buffer(variable)) })
  }

  #buffer(variable: tf.Variable): string {
    return `held ${this.#id} variable ${variable.id}`
  }
}
