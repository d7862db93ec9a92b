import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KdError } from './error.ts'
import { float32ToFloat16 } from './float16.ts'
import { Random } from './random.ts'
import { readSafetensors, type TensorToWrite, toFloat32, writeSafetensors } from './safetensors.ts'

/** A file with this header, whatever it claims, and as many bytes of data. */
function fileWith(header: unknown, dataBytes = 0, claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const file = new Uint8Array(8 + text.length + dataBytes)
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true)
  file.set(text, 8)
  return file
}

const entry = (shape: unknown, begin: unknown, end: unknown, dtype: unknown = 'F32') => ({ dtype, shape, data_offsets: [begin, end] })

function refusal(file: Uint8Array): KdError {
  try {
    readSafetensors(file, 'model.safetensors')
  } catch (error) {
    if (KdError.isInstance(error, 'format')) return error
    throw error
  }
  throw new Error('the file was accepted')
}

const tensor: fc.Arbitrary<TensorToWrite> = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    fc.constantFrom(Float32Array, Uint16Array, Int32Array, Int8Array, Uint8Array),
    fc.nat(),
  )
  .map(([shape, type, seed]) => {
    const random = new Random(seed).at(0)
    return { shape, data: type.from(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.integer(200) - 100)) }
  })
const name = fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text !== '__metadata__')

describe('writeSafetensors, readSafetensors', () => {
  it('round trip tensors and metadata', () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, tensor, { maxKeys: 6, noNullPrototype: false }),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
        (tensors, metadata) => {
          const read = readSafetensors(writeSafetensors(tensors, metadata))
          expect([...read.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort())
          expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort())
          for (const [name, { data, shape }] of Object.entries(tensors)) {
            const got = read.tensors.get(name)!
            expect(got.shape).toEqual(shape)
            expect(got.bytes).toEqual(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
            expect(got.bytes.byteOffset % data.BYTES_PER_ELEMENT).toBe(0)
          }
        },
      ),
    )
  })

  it('keeps a tensor whose name is that of an object property', () => {
    const tensors = JSON.parse('{"__proto__": 0, "constructor": 0, "7": 0}')
    for (const key of Object.keys(tensors)) {
      Object.defineProperty(tensors, key, { value: { data: Int8Array.of(1, 2), shape: [2] }, enumerable: true })
    }
    expect([...readSafetensors(writeSafetensors(tensors)).tensors.keys()].sort()).toEqual(['7', '__proto__', 'constructor'])
  })

  it('writes equal bytes for equal contents, in whatever order they come', () => {
    const a = { data: Float32Array.of(1, 2), shape: [2] }
    const b = { data: Int8Array.of(3), shape: [] }
    const c = { data: Float32Array.of(4), shape: [1, 1] }
    expect(writeSafetensors({ a, b, c })).toEqual(writeSafetensors({ c, b, a }))
  })

  it('reads a file that lies unaligned in a larger buffer', () => {
    const file = writeSafetensors({ w: { data: Float32Array.of(1.5, -2), shape: [2] } })
    const shifted = new Uint8Array(file.length + 1)
    shifted.set(file, 1)
    expect([...toFloat32(readSafetensors(shifted.subarray(1)).tensors.get('w')!)]).toEqual([1.5, -2])
  })

  it('reads a file without tensors', () => {
    expect(readSafetensors(fileWith({})).tensors.size).toBe(0)
  })

  it.each([
    [{ w: { data: Float32Array.of(1, 2), shape: [3] } }, /shape \[3\] has 3 elements, the data 2/],
    [{ w: { data: Float32Array.of(1, 2), shape: [-1, -2] } }, /shape/],
    [{ __metadata__: { data: Float32Array.of(1), shape: [1] } }, /metadata/],
  ])('refuses to write %j', (tensors, message) => {
    expect(() => writeSafetensors(tensors)).toThrow(message)
  })
})

describe('toFloat32', () => {
  const bytesOf = (data: Float64Array | Float32Array | Uint16Array) => new Uint8Array(data.buffer)

  it.each([
    ['F32', bytesOf(Float32Array.of(0.5, -3))],
    ['F64', bytesOf(Float64Array.of(0.5, -3))],
    ['F16', bytesOf(float32ToFloat16(Float32Array.of(0.5, -3)))],
    ['BF16', bytesOf(Uint16Array.of(0x3f00, 0xc040))],
  ] as const)('reads %s', (type, bytes) => {
    expect([...toFloat32({ type, shape: [2], bytes })]).toEqual([0.5, -3])
  })

  it('shares memory with an aligned file, and refuses whole numbers by name', () => {
    const bytes = bytesOf(Float32Array.of(1))
    expect(toFloat32({ type: 'F32', shape: [1], bytes }).buffer).toBe(bytes.buffer)
    expect(() => toFloat32({ type: 'I32', shape: [1], bytes }, 'ids')).toThrow(/I32.*tensor ids/)
  })
})

describe('readSafetensors refuses, before it allocates', () => {
  const huge = 2 ** 52

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /0 bytes are too few/],
    ['nine bytes', new Uint8Array(9), /too few/],
    ['a header longer than the file', fileWith({}, 0, 1000n), /claims 1000 bytes, the file has 10/],
    ['a header of 2^63 bytes', fileWith({}, 0, 2n ** 63n), /claims 9223372036854775808/],
    ['a header above the limit', fileWith({}, 0, 100_000_001n), /claims/],
    ['another format', new TextEncoder().encode('PK\u0003\u0004 not safetensors at all, a zip'), /header claims/],
    ['a header that is not JSON', fileWith('{"w": '), /not JSON/],
    ['a header that is not UTF-8', fileWith({}).fill(0xff, 8), /not JSON/],
    ['a header that is a list', fileWith('[]'), /not a JSON object/],
    ['metadata that are not strings', fileWith({ __metadata__: { a: 1 } }), /metadata/],
    ['an entry that is not an object', fileWith({ w: [1] }), /entry is not an object/],
    ['an unknown element type', fileWith({ w: entry([1], 0, 4, 'Q4') }, 4), /element type "Q4" is none of/],
    ['an element type named like an object property', fileWith({ w: entry([1], 0, 4, 'constructor') }, 4), /element type/],
    ['a negative side', fileWith({ w: entry([-1], 0, 4) }, 4), /shape \[-1\]/],
    ['a broken side', fileWith({ w: entry([1.5], 0, 4) }, 4), /shape \[1.5\]/],
    ['a side that is text', fileWith({ w: entry(['1'], 0, 4) }, 4), /shape/],
    ['no shape', fileWith({ w: { dtype: 'F32', data_offsets: [0, 4] } }, 4), /shape undefined/],
    ['three offsets', fileWith({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 4), /data_offsets/],
    ['offsets backwards', fileWith({ w: entry([1], 4, 0) }, 4), /lie outside/],
    ['data beyond the file', fileWith({ w: entry([2], 0, 8) }, 4), /bytes 0 to 8 lie outside the file's 4/],
    ['a truncated file', writeSafetensors({ w: { data: new Float32Array(8), shape: [8] } }).subarray(0, -1), /lie outside/],
    ['a shape larger than its bytes', fileWith({ w: entry([huge, huge], 0, 4) }, 4), /needs/],
    ['a shape beyond all numbers', fileWith({ w: entry(new Array(40).fill(huge), 0, 4) }, 4), /needs Infinity bytes/],
    ['a shape smaller than its bytes', fileWith({ w: entry([1], 0, 8) }, 8), /needs 4 bytes, the header gives it 8/],
    ['tensors that overlap', fileWith({ a: entry([2], 0, 8), b: entry([2], 4, 12) }, 12), /overlap/],
    ['tensors in the same place', fileWith({ a: entry([1], 0, 4), b: entry([1], 0, 4) }, 4), /overlap/],
    ['a hole', fileWith({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12), /4 bytes before it belong to no tensor.*tensor b/],
    ['bytes left over', fileWith({ a: entry([1], 0, 4) }, 6), /2 bytes at its end belong to no tensor/],
  ])('%s', (_, file, message) => {
    const error = refusal(file)
    expect(error.message).toMatch(message)
    expect(error.where.file).toBe('model.safetensors')
    expect(error.fix).toBeTruthy()
  })

  it('or answers validly, for each of 2,000 damaged files', () => {
    const file = writeSafetensors(
      {
        embedding: { data: Float32Array.from({ length: 12 }, (_, i) => i / 3), shape: [4, 3] },
        scales: { data: Uint16Array.of(1, 2, 3), shape: [3] },
        ids: { data: Int8Array.of(1, -2), shape: [2, 1] },
      },
      { format: 'pt' },
    )
    let refused = 0
    for (let run = 0; run < 2000; run++) {
      const random = new Random(run, 'damage').at(0)
      const damaged = file.slice(0, random.uniform() < 0.2 ? random.integer(file.length) : file.length)
      for (let change = 0; change <= random.integer(4) && damaged.length > 0; change++) {
        // The size and the header are where a change matters.
        const place = random.integer(random.uniform() < 0.3 ? Math.min(8, damaged.length) : damaged.length)
        damaged[place] = random.uniform() < 0.5 ? 0x30 + random.integer(10) : random.integer(256)
      }
      try {
        const { tensors } = readSafetensors(damaged)
        for (const { shape, bytes, type } of tensors.values()) {
          expect(bytes.buffer).toBe(damaged.buffer)
          expect(bytes.length % shape.reduce((a, b) => a * b, 1) || 0).toBe(0)
          if (type === 'F32') expect(toFloat32({ shape, bytes, type })).toHaveLength(bytes.length / 4)
        }
      } catch (error) {
        if (!KdError.isInstance(error, 'format')) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(500)
    expect(refused).toBeLessThan(2000)
  })
})
