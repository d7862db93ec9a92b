import { damaged, decodeText, mismatch, parseJson } from './text-files.ts'

/** What a reader of safetensors can be sure of before it asks for a tensor: the reader of @kd/core has ten times the size. */
export interface Tensors {
  readonly names: readonly string[]
  /** The configuration in the file's metadata, which a packed student has. */
  readonly config: string | undefined
  /** How many bytes a tensor has, how many sides: of those whose shape is free. */
  readonly shape: (name: string) => readonly unknown[]
  /**
   * A tensor's bytes, a view into the file.
   * @throws KdError of kind `mismatch` where its type or shape is another, or its bytes are not in the file
   */
  readonly bytes: (name: string, type: keyof typeof widths, shape: readonly number[]) => Uint8Array
}

const widths = { F32: 4, I8: 1, U8: 1 } as const

interface Entry {
  dtype?: unknown
  shape?: unknown
  data_offsets?: unknown
}

/** @throws KdError of kind `format` */
export function readTensors(file: Uint8Array, source: string): Tensors {
  const fail = (what: string) => damaged(what, { file: source })
  if (file.length < 10) throw fail(`${file.length} bytes are too few`)
  const view = new DataView(file.buffer, file.byteOffset)
  const length = view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true)
  if (length > file.length - 8) throw fail(`its header claims ${length} bytes, the file has ${file.length}`)
  const header = parseJson(decodeText(file.subarray(8, 8 + length), source), source)
  if (!isRecord(header)) throw fail('its header is not an object')
  const { __metadata__: metadata, ...entries } = header
  const config = isRecord(metadata) && Object.hasOwn(metadata, 'config') ? metadata.config : undefined
  if (config !== undefined && typeof config !== 'string') throw fail('its metadata are not strings')
  const data = file.subarray(8 + length)
  const entry = (name: string): Entry => (Object.hasOwn(entries, name) && isRecord(entries[name]) ? entries[name] : {})
  return {
    names: Object.keys(entries),
    config,
    shape: (name) => [entry(name).shape].flat(),
    bytes(name, type, shape) {
      const { dtype, shape: found, data_offsets: offsets } = entry(name)
      if (dtype !== type || JSON.stringify(found) !== JSON.stringify(shape)) {
        throw mismatch(`it is ${dtype ? `${dtype} [${found}]` : 'not in the file'}, expected is ${type} [${shape}]`, source, name)
      }
      const [begin, end] = Array.isArray(offsets) ? offsets : []
      const size = shape.reduce((product, side) => product * side, widths[type])
      if (!Number.isSafeInteger(begin) || begin < 0 || end > data.length || end - begin !== size) {
        throw mismatch(`its bytes, ${begin} to ${end}, are not ${size} of the file's ${data.length}`, source, name)
      }
      return data.subarray(begin, end)
    },
  }
}

/**
 * The values of a tensor in single precision, without a copy where alignment allows.
 * @throws KdError of kind `format` where one is not finite
 */
export function floatsOf(bytes: Uint8Array, source: string, name: string): Float32Array {
  // `slice` of node's Buffer would be a view.
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const values = new Float32Array(buffer, byteOffset, bytes.length / 4)
  if ([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].some((wrong) => values.includes(wrong)))
    throw damaged('it holds values that are not finite', { file: source, tensor: name })
  return values
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
