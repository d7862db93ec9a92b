import { describe, expect, it } from 'vitest'
import { readSafetensors, writeSafetensors } from './safetensors.ts'
import { joinShards, parseSafetensorsIndex } from './safetensors-index.ts'

const shard = (...names: string[]) =>
  readSafetensors(writeSafetensors(Object.fromEntries(names.map((name) => [name, { data: Float32Array.of(1), shape: [1] }]))))
const index = parseSafetensorsIndex({ metadata: {}, weight_map: { b: '2.safetensors', a: '1.safetensors', c: '2.safetensors' } })

describe('a sharded checkpoint', () => {
  it('has the tensors of all its files, those that the index does not name too', () => {
    expect(index.files).toEqual(['1.safetensors', '2.safetensors'])
    const shards = new Map([
      ['1.safetensors', shard('a')],
      ['2.safetensors', shard('c', 'b', 'd')],
    ])
    expect([...joinShards(index, shards).keys()].sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  it.each([
    [['a'], ['b'], /2\.safetensors lacks it.*tensor c/],
    [['a', 'b'], ['b', 'c'], /1\.safetensors holds it, the index says 2\.safetensors.*tensor b/],
  ])('is refused with %j and %j', (first, second, message) => {
    const shards = new Map([
      ['1.safetensors', shard(...first)],
      ['2.safetensors', shard(...second)],
    ])
    expect(() => joinShards(index, shards)).toThrow(message)
  })

  it.each([
    [null, /no weight_map/],
    [{ weight_map: [] }, /no weight_map/],
    [{ weight_map: {} }, /empty/],
    [{ weight_map: { a: 3 } }, /tensor a lies in 3/],
    [{ weight_map: { a: '../x.safetensors' } }, /not a safetensors file beside it/],
    [{ weight_map: { a: 'x.bin' } }, /not a safetensors file/],
  ])('has no index like %j', (json, message) => {
    expect(() => parseSafetensorsIndex(json)).toThrow(message)
  })
})
