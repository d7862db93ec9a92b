import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OnnxGraph } from './onnx.ts'
import { ProtobufWriter } from './protobuf.ts'

type Value = bigint | Uint8Array
type Message = Map<number, Value[]>

/** Decodes one level of a protobuf message: whole numbers, 4-byte fields and byte fields by field number. */
function decode(bytes: Uint8Array): Message {
  const message: Message = new Map()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 63n) throw new Error('a varint without an end')
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wireType = tag & 7
    if (wireType !== 0 && wireType !== 2 && wireType !== 5) throw new Error(`wire type ${wireType}`)
    let value: Value
    if (wireType === 0) value = varint()
    else {
      const length = wireType === 5 ? 4 : Number(varint())
      value = bytes.subarray(at, (at += length))
      if (value.length !== length) throw new Error('a field beyond the end')
    }
    message.set(tag >>> 3, [...(message.get(tag >>> 3) ?? []), value])
  }
  return message
}

const text = (value: Value | undefined) => new TextDecoder().decode(value as Uint8Array)
const float = (value: Value | undefined) => new DataView((value as Uint8Array).slice().buffer).getFloat32(0, true)
const signed = (value: Value | undefined) => Number(BigInt.asIntN(64, value as bigint))
const messages = (message: Message, field: number) => (message.get(field) ?? []).map((value) => decode(value as Uint8Array))
const strings = (message: Message, field: number) => (message.get(field) ?? []).map(text)

describe('ProtobufWriter', () => {
  it('writes whole numbers of 64 bits with sign', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 500 }), (value, field) => {
        expect(signed(decode(new ProtobufWriter().int(field, value).toBytes()).get(field)![0])).toBe(value)
      }),
    )
  })

  // From the protobuf documentation, "Encoding": 150 in field 1, "testing" in field 2, and the first as message 3.
  it('writes the bytes of the documentation', () => {
    const hex = (writer: ProtobufWriter) => Buffer.from(writer.toBytes()).toString('hex')
    expect(hex(new ProtobufWriter().int(1, 150))).toBe('089601')
    expect(hex(new ProtobufWriter().string(2, 'testing'))).toBe('120774657374696e67')
    expect(hex(new ProtobufWriter().message(3, new ProtobufWriter().int(1, 150)))).toBe('1a03089601')
    expect(hex(new ProtobufWriter().int(1, -1))).toBe('08ffffffffffffffffff01')
    expect(hex(new ProtobufWriter().float(1, 1))).toBe('0d0000803f')
  })

  it('takes a message of very many fields', () => {
    const large = new ProtobufWriter()
    for (let i = 0; i < 200_000; i++) large.int(1, i)
    expect(decode(new ProtobufWriter().message(7, large).toBytes()).get(7)![0]).toHaveLength(large.toBytes().length)
  })
})

describe('OnnxGraph', () => {
  const graph = new OnnxGraph()
  const x = graph.input('x', 'float32', ['batch', 2])
  const w = graph.initializer('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))
  const product = graph.node('MatMul', [x, w])
  const axes = graph.constant('int64', [1])
  const [value, index] = graph.nodes('TopK', [product, axes], {
    outputs: 2,
    attributes: {
      axis: -1,
      largest: 1,
      epsilon: 1e-5,
      alpha: { float: 2 },
      mode: 'x',
      pads: [0, 1],
      scales: { floats: [0.5, 1] },
      names: { strings: ['a'] },
    },
  }) as [string, string]
  graph.output(value, 'best', 'float32', ['batch', 1])
  graph.output(index, index, 'int64', ['batch', 1])
  graph.metadata('labels', '["no","yes"]')
  const model = decode(graph.toBytes('tiny', 20))
  const body = messages(model, 7)[0]!

  it('states its versions, name and metadata', () => {
    expect(signed(model.get(1)![0])).toBe(9)
    expect(messages(model, 8).map((set) => [text(set.get(1)?.[0]), signed(set.get(2)?.[0])])).toEqual([['', 20]])
    expect(text(body.get(2)![0])).toBe('tiny')
    expect(messages(model, 14).map((entry) => [text(entry.get(1)![0]), text(entry.get(2)![0])])).toEqual([['labels', '["no","yes"]']])
  })

  it('holds inputs and outputs with types and shapes, free dimensions by name', () => {
    const info = (value: Message) => {
      const tensor = messages(messages(value, 2)[0]!, 1)[0]!
      const shape = messages(messages(tensor, 2)[0]!, 1).map((side) => (side.has(2) ? text(side.get(2)![0]) : signed(side.get(1)![0])))
      return [text(value.get(1)![0]), signed(tensor.get(1)![0]), shape]
    }
    expect(messages(body, 11).map(info)).toEqual([['x', 1, ['batch', 2]]])
    expect(messages(body, 12).map(info)).toEqual([
      ['best', 1, ['batch', 1]],
      [index, 7, ['batch', 1]],
    ])
  })

  it('holds weights as raw bytes', () => {
    const [weight, constant] = messages(body, 5) as [Message, Message]
    expect(weight.get(1)!.map(signed)).toEqual([2, 3])
    expect(signed(weight.get(2)![0])).toBe(1)
    expect(text(weight.get(8)![0])).toBe(w)
    expect([...new Float32Array((weight.get(9)![0] as Uint8Array).slice().buffer)]).toEqual([1, 2, 3, 4, 5, 6])
    expect([...new BigInt64Array((constant.get(9)![0] as Uint8Array).slice().buffer)]).toEqual([1n])
  })

  it('holds nodes in the order in which they were appended, with attributes of each kind', () => {
    const nodes = messages(body, 1)
    expect(graph.nodeCount).toBe(3)
    expect(nodes.map((node) => text(node.get(4)![0]))).toEqual(['MatMul', 'TopK', 'Identity'])
    expect([strings(nodes[0]!, 1), strings(nodes[0]!, 2)]).toEqual([[x, w], [product]])
    expect([strings(nodes[1]!, 1), strings(nodes[1]!, 2)]).toEqual([
      [product, axes],
      [value, index],
    ])
    const attributes = messages(nodes[1]!, 5)
    const attribute = (name: string) => attributes.find((one) => text(one.get(1)![0]) === name)!
    const kind = (name: string) => signed(attribute(name).get(20)![0])
    expect([signed(attribute('axis').get(3)![0]), kind('axis')]).toEqual([-1, 2])
    expect([float(attribute('epsilon').get(2)![0]), kind('epsilon')]).toEqual([Math.fround(1e-5), 1])
    expect([float(attribute('alpha').get(2)![0]), kind('alpha')]).toEqual([2, 1])
    expect([text(attribute('mode').get(4)![0]), kind('mode')]).toEqual(['x', 3])
    expect([attribute('pads').get(8)!.map(signed), kind('pads')]).toEqual([[0, 1], 7])
    expect([attribute('scales').get(7)!.map(float), kind('scales')]).toEqual([[0.5, 1], 6])
    expect([strings(attribute('names'), 9), kind('names')]).toEqual([['a'], 8])
  })

  it('stores equal constants once, and keeps types, shapes and zeros apart', () => {
    const graph = new OnnxGraph()
    const names = [
      graph.constant('float32', 0),
      graph.constant('float32', -0),
      graph.constant('float32', [0]),
      graph.constant('int32', 0),
      graph.constant('float32', [0, 1]),
      graph.constant('bool', 1),
      graph.constant('int8', -1),
      graph.constant('uint8', 255),
    ]
    expect(new Set(names).size).toBe(names.length)
    expect([graph.constant('float32', 0), graph.constant('float32', [0, 1])]).toEqual([names[0], names[4]])
    expect(messages(messages(decode(graph.toBytes()), 7)[0]!, 5)).toHaveLength(names.length)
  })

  it('imports each domain that its nodes use, and leaves optional inputs out by an empty name', () => {
    const graph = new OnnxGraph()
    for (let i = 0; i < 2; i++) graph.node('FusedMatMul', ['a', '', 'b'], { domain: 'com.microsoft' })
    const model = decode(graph.toBytes())
    expect(messages(model, 8).map((set) => text(set.get(1)?.[0]))).toEqual(['', 'com.microsoft'])
    const node = messages(messages(model, 7)[0]!, 1)[0]!
    expect([strings(node, 1), text(node.get(7)![0])]).toEqual([['a', '', 'b'], 'com.microsoft'])
  })
})
