import { KdError } from '@kd/core'
import type * as tf from '@tensorflow/tfjs-core'
import type { Held } from './engines/native/protocol.ts'
import type { Runtime } from './engines/runtime.ts'
import { assignHeld, Buffers, type Place, placeOf } from './held-data.ts'
import type { OnnxTensor } from './tensor.ts'
import { see } from './trace/refuse.ts'

/** The variables that one traced function reads and assigns, as the engine has them. */
export class HeldVariables {
  readonly #used = new Set<tf.Variable>()
  #buffers: Buffers | undefined

  /** Where the values of the variables lie; what the engine does not know yet goes over. */
  async current(runtime: Runtime, variables: readonly tf.Variable[]): Promise<Record<string, Held>> {
    const buffers = this.#bind(runtime)
    const news: Record<string, OnnxTensor['data']> = {}
    const held: Record<string, Held> = {}
    for (const variable of variables) {
      checkAlive(variable)
      this.#use(variable)
      let place = placeOf(variable.dataId)
      if (place?.buffers !== buffers) {
        const copy = buffers.copies.get(variable)
        place = copy?.place ?? (await buffers.take(bytesOf(variable)))
        if (copy?.dataId !== variable.dataId) {
          news[place.buffer] = variable.dataSync() as Float32Array
          buffers.copies.set(variable, { dataId: variable.dataId, place })
        }
      }
      held[inputName(variable)] = at(place, variable)
    }
    if (Object.keys(news).length > 0) await runtime.request('hold', { buffers: news }, 'keep variables')
    return held
  }

  /** Room for new values: never where a value of the present lies. */
  async room(runtime: Runtime, variables: readonly tf.Variable[]): Promise<Room> {
    const buffers = this.#bind(runtime)
    const places: [tf.Variable, Place][] = []
    for (const variable of variables) {
      checkAlive(variable)
      this.#use(variable)
      places.push([variable, await buffers.take(bytesOf(variable))])
    }
    return new Room(buffers, places)
  }

  async dispose(): Promise<void> {
    const buffers = this.#buffers
    if (!buffers) return
    for (const variable of this.#used) {
      const users = (buffers.users.get(variable) ?? 1) - 1
      if (users > 0) {
        buffers.users.set(variable, users)
        continue
      }
      buffers.users.delete(variable)
      const copy = buffers.copies.get(variable)
      if (copy) buffers.give(copy.place)
      buffers.copies.delete(variable)
    }
    this.#used.clear()
    await buffers.trim()
  }

  #bind(runtime: Runtime): Buffers {
    const buffers = Buffers.of(runtime)
    if (this.#buffers !== buffers) this.#used.clear()
    this.#buffers = buffers
    return buffers
  }

  #use(variable: tf.Variable): void {
    if (this.#used.has(variable)) return
    this.#used.add(variable)
    this.#buffers!.users.set(variable, (this.#buffers!.users.get(variable) ?? 0) + 1)
  }
}

/** Where a run leaves new values of variables, and the variables as they were before it. */
export class Room {
  readonly #buffers: Buffers
  readonly #places: readonly [tf.Variable, Place][]
  readonly #before: readonly tf.DataId[]

  constructor(buffers: Buffers, places: readonly [tf.Variable, Place][]) {
    this.#buffers = buffers
    this.#places = places
    this.#before = places.map(([{ dataId }]) => dataId)
  }

  get into(): Record<string, Held> {
    return Object.fromEntries(this.#places.map(([variable, place]) => [outputName(variable), at(place, variable)]))
  }

  /**
   * Assigns the variables.
   * @throws KdError of kind `engine`, and assigns none, if one was assigned or disposed of since
   */
  assign(): void {
    const index = this.#places.findIndex(([variable], index) => variable.isDisposed || variable.dataId !== this.#before[index])
    if (index >= 0) {
      this.free()
      const { name, isDisposed } = this.#places[index]![0]
      throw new KdError({
        kind: 'engine',
        what: `the variable ${name} was ${isDisposed ? 'disposed of' : 'assigned'} while a call that assigns it was running; the call changed nothing`,
        where: { tensor: name },
        fix: see('Wait for the call (await) first.', 'sideEffects'),
      })
    }
    for (const [variable, place] of this.#places) {
      assignHeld(variable, place)
      const copy = this.#buffers.copies.get(variable)
      if (copy) this.#buffers.give(copy.place)
      this.#buffers.copies.delete(variable)
    }
  }

  /** Gives the room back unused. */
  free(): void {
    for (const [, place] of this.#places) this.#buffers.give(place)
  }
}

export const inputName = ({ id }: tf.Variable): string => `variable ${id}`
export const outputName = ({ id }: tf.Variable): string => `variable ${id} after`

const bytesOf = ({ size, dtype }: tf.Variable): number => size * (dtype === 'bool' ? 1 : 4)

const at = ({ buffer }: Place, { dtype, shape }: tf.Variable): Held => ({ buffer, type: dtype as 'float32', shape })

function checkAlive({ isDisposed, name }: tf.Variable): void {
  if (!isDisposed) return
  throw new KdError({
    kind: 'engine',
    what: `the variable ${name}, which the traced function uses, has been disposed of`,
    where: { tensor: name },
    fix: see('Jit the function again with the variables that it is to use now.', 'sideEffects'),
  })
}
