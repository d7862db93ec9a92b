import { KdError } from './error.ts'
import { bfloat16ToFloat32, float16ToFloat32 } from './float16.ts'

/** Bytes per element of each element type that the format knows and we read. */
const elementBytes = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const

export type SafetensorsType = keyof typeof elementBytes

export interface SafetensorsTensor {
  readonly type: SafetensorsType
  readonly shape: readonly number[]
  /** The tensor's bytes, little-endian, row-major; a view into the file. */
  readonly bytes: Uint8Array
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>
  readonly metadata: Readonly<Record<string, string>>
}

/** The reference implementation's limit; a real header of a BERT has some 20 KB. */
const maximumHeaderBytes = 100_000_000

/**
 * Reads a safetensors file. Everything the header claims is checked before anything is allocated: sizes against the
 * file, shapes against sizes, overlaps and holes.
 * @param source names the file in errors
 * @throws KdError of kind `format`
 */
export function readSafetensors(file: Uint8Array, source = 'safetensors'): Safetensors {
  const fail = (what: string, tensor?: string) =>
    new KdError({
      kind: 'format',
      what,
      where: { file: source, tensor },
      fix: 'The file is damaged or not a safetensors file: fetch or write it again.',
    })
  if (file.byteLength < 10) throw fail(`${file.byteLength} bytes are too few for a safetensors file`)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const headerBytes = view.getBigUint64(0, true)
  if (headerBytes > BigInt(Math.min(maximumHeaderBytes, file.byteLength - 8))) {
    throw fail(`its header claims ${headerBytes} bytes, the file has ${file.byteLength}`)
  }
  const dataStart = 8 + Number(headerBytes)
  const dataBytes = file.byteLength - dataStart
  const header = parseHeader(file.subarray(8, dataStart), fail)

  const tensors = new Map<string, SafetensorsTensor>()
  let metadata: Record<string, string> = {}
  const ranges: [begin: number, end: number, name: string][] = []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isRecord(entry) || Object.values(entry).some((value) => typeof value !== 'string')) throw fail('its metadata are not strings')
      metadata = { ...(entry as Record<string, string>) }
      continue
    }
    const { type, shape, begin, end } = checkEntry(name, entry, dataBytes, fail)
    ranges.push([begin, end, name])
    tensors.set(name, { type, shape, bytes: file.subarray(dataStart + begin, dataStart + end) })
  }
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  let at = 0
  for (const [begin, end, name] of ranges) {
    if (begin !== at)
      throw fail(begin < at ? 'its bytes overlap those of another tensor' : `${begin - at} bytes before it belong to no tensor`, name)
    at = end
  }
  if (at !== dataBytes) throw fail(`${dataBytes - at} bytes at its end belong to no tensor`)
  return { tensors, metadata }
}

type Fail = (what: string, tensor?: string) => KdError

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw fail('its header is not JSON')
  }
  if (!isRecord(header)) throw fail('its header is not a JSON object')
  return header
}

function checkEntry(name: string, entry: unknown, dataBytes: number, fail: Fail) {
  if (!isRecord(entry)) throw fail('its header entry is not an object', name)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype)) {
    throw fail(`its element type ${JSON.stringify(dtype)} is none of ${Object.keys(elementBytes).join(', ')}`, name)
  }
  if (!isSizes(shape)) throw fail(`its shape ${JSON.stringify(shape)} is not a list of sizes`, name)
  if (!isSizes(offsets) || offsets.length !== 2) throw fail(`its data_offsets ${JSON.stringify(offsets)} are not two offsets`, name)
  const [begin, end] = offsets as [number, number]
  if (end < begin || end > dataBytes) throw fail(`its bytes ${begin} to ${end} lie outside the file's ${dataBytes}`, name)
  const type = dtype as SafetensorsType
  const size = shape.reduce((product, side) => product * side, elementBytes[type])
  if (size !== end - begin) throw fail(`its shape [${shape}] of ${dtype} needs ${size} bytes, the header gives it ${end - begin}`, name)
  return { type, shape, begin, end }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0)
}

/** The values of a floating-point tensor (F32, F16, BF16, F64) in single precision; F32 without a copy where alignment allows. */
export function toFloat32({ type, bytes }: SafetensorsTensor, name = 'tensor'): Float32Array {
  switch (type) {
    case 'F32':
      return bytes.byteOffset % 4 === 0
        ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
        : new Float32Array(aligned(bytes))
    case 'F16':
      return float16ToFloat32(new Uint16Array(aligned(bytes)))
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(aligned(bytes)))
    case 'F64':
      return Float32Array.from(new Float64Array(aligned(bytes)))
    default:
      throw new KdError({ kind: 'format', what: `its element type is ${type}, not a floating-point one`, where: { tensor: name } })
  }
}

/** A copy: `slice` of node's Buffer would be a view. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer as ArrayBuffer

export type TensorData = Float32Array | Uint16Array | Int32Array | Int8Array | Uint8Array

export interface TensorToWrite {
  /** Float32Array is written as F32, Int32Array as I32, Int8Array as I8, Uint8Array as U8, Uint16Array as F16. */
  readonly data: TensorData
  readonly shape: readonly number[]
}

const writtenAs = (data: TensorData): SafetensorsType =>
  data instanceof Float32Array
    ? 'F32'
    : data instanceof Int32Array
      ? 'I32'
      : data instanceof Int8Array
        ? 'I8'
        : data instanceof Uint16Array
          ? 'F16'
          : 'U8'

/**
 * A safetensors file of the tensors, widest element types first (so that all are aligned), then by name: equal
 * contents, equal bytes.
 * @throws KdError of kind `option` where a shape and its data disagree
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = Object.entries(tensors).sort(([a, x], [b, y]) => y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1))
  // Without a prototype, so that a tensor may have any name.
  const header: Record<string, unknown> = Object.create(null)
  if (metadata) header.__metadata__ = metadata
  let offset = 0
  for (const [name, { data, shape }] of entries) {
    if (name === '__metadata__') {
      throw new KdError({ kind: 'option', what: 'the format keeps this name for its metadata', where: { tensor: name } })
    }
    const size = shape.reduce((product, side) => product * side, 1)
    if (size !== data.length || !isSizes(shape)) {
      throw new KdError({
        kind: 'option',
        what: `the shape [${shape}] has ${size} elements, the data ${data.length}`,
        where: { tensor: name },
      })
    }
    header[name] = { dtype: writtenAs(data), shape, data_offsets: [offset, (offset += data.byteLength)] }
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const headerBytes = Math.ceil(text.length / 8) * 8
  const file = new Uint8Array(8 + headerBytes + offset)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true)
  file.fill(0x20, 8, 8 + headerBytes).set(text, 8)
  let at = 8 + headerBytes
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}
