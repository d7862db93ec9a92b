/**
 * WebAssembly for loops over arrays of floats, four at a time. Arrays lie anywhere in the shared memory `env.memory`. The
 * exported `run(count, ...arrays, ...scalars)` takes where each array begins, in bytes, those that it reads and then those that
 * it writes; it goes over `count` floats, rounded up to four, and gives the sum of an array's squares, or 0.
 */

/** Arrays that a loop can have, read and written, and scalars: a function takes so many numbers. */
export const mostArrays = 128
export const mostScalars = 256
/** As large as a memory of 32 bits can be: whatever memory a loop is given, it is not larger. */
export const mostPages = 65_536

export const loopOperations = { Abs: 0xe0, Neg: 0xe1, Sqrt: 0xe3, Add: 0xe4, Sub: 0xe5, Mul: 0xe6, Div: 0xe7 } as const
export type LoopOperation = keyof typeof loopOperations

/** What an operation reads: the n-th array, the n-th scalar, a number, or what the n-th operation gave. */
export type Operand =
  | { readonly array: number }
  | { readonly scalar: number }
  | { readonly number: number }
  | { readonly operation: number }

export interface Loop {
  /** How many arrays and scalars it reads. */
  readonly arrays: number
  readonly scalars: number
  readonly operations: readonly { readonly operation: LoopOperation; readonly operands: readonly Operand[] }[]
  /** What it writes. */
  readonly outputs: readonly Operand[]
  /** The sum of squares of this is what `run` gives: in doubles, lane by lane, then the lanes. */
  readonly squares?: Operand
}

const types = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const

/** The loop as a module. */
export function loopModule(loop: Loop): Uint8Array {
  const string = (text: string) => vector([...text].map((letter) => [letter.charCodeAt(0)]))
  const { arrays, outputs, scalars } = loop
  const takes = [...new Array<number>(1 + arrays + outputs.length).fill(types.i32), ...new Array<number>(scalars).fill(types.f32)]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[0x60, ...vector(takes.map((type) => [type])), ...vector([[types.f64]])]])),
    ...section(2, vector([[...string('env'), ...string('memory'), 0x02, 0x03, 0x00, ...unsigned(mostPages)]])),
    ...section(3, vector([[0x00]])),
    ...section(7, vector([[...string('run'), 0x00, 0x00]])),
    ...section(10, vector([sized(body(loop))])),
  ])
}

const get = (local: number) => [0x20, ...unsigned(local)]
const set = (local: number) => [0x21, ...unsigned(local)]
const simd = (code: number, ...more: number[]) => [0xfd, ...unsigned(code), ...more]

/** A parameter: how many floats, then bytes. */
const count = 0

function body({ arrays, scalars, operations, outputs, squares }: Loop): number[] {
  // Behind the parameters: the place, two sums of squares, scalars, arrays, operations, something for the moment.
  const [firstPointer, firstGiven] = [1, 1 + arrays + outputs.length]
  const at = firstGiven + scalars
  const sums = [at + 1, at + 2] as const
  const firstScalar = at + 3
  const firstArray = firstScalar + scalars
  const firstOperation = firstArray + arrays
  const place = (array: number) => [...get(firstPointer + array), ...get(at), 0x6a]
  const value = (operand: Operand): number[] => {
    if ('array' in operand) return get(firstArray + operand.array)
    if ('scalar' in operand) return get(firstScalar + operand.scalar)
    if ('operation' in operand) return get(firstOperation + operand.operation)
    const bytes = [...new Uint8Array(Float32Array.of(operand.number).buffer)]
    return simd(0x0c, ...bytes, ...bytes, ...bytes, ...bytes)
  }
  const doubles = (pair: readonly number[], sum: number) => [
    ...pair,
    ...simd(0x5f),
    ...set(firstOperation + operations.length),
    ...get(sum),
    ...get(firstOperation + operations.length),
    ...get(firstOperation + operations.length),
    ...simd(0xf2),
    ...simd(0xf0),
    ...set(sum),
  ]
  const upper = (x: readonly number[]) => [...x, ...x, ...simd(0x0d, ...[8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7])]
  const lane = (sum: number, index: number) => [...get(sum), ...simd(0x21, index)]
  return [
    ...vector([
      [1, types.i32],
      [...unsigned(2 + scalars + arrays + operations.length + 1), types.v128],
    ]),
    ...Array.from({ length: scalars }, (_, index) => [...get(firstGiven + index), ...simd(0x13), ...set(firstScalar + index)]).flat(),
    // Floats to bytes.
    ...[...get(count), 0x41, 0x02, 0x74, ...set(count)],
    ...[0x03, 0x40],
    ...Array.from({ length: arrays }, (_, index) => [...place(index), ...simd(0x00, 0x04, 0x00), ...set(firstArray + index)]).flat(),
    ...operations.flatMap(({ operation, operands }, index) => [
      ...operands.flatMap(value),
      ...simd(loopOperations[operation]),
      ...set(firstOperation + index),
    ]),
    ...outputs.flatMap((operand, index) => [...place(arrays + index), ...value(operand), ...simd(0x0b, 0x04, 0x00)]),
    ...(squares ? [...doubles(value(squares), sums[0]), ...doubles(upper(value(squares)), sums[1])] : []),
    ...[...get(at), 0x41, 0x10, 0x6a, 0x22, ...unsigned(at), ...get(count), 0x49, 0x0d, 0x00],
    0x0b,
    ...[...lane(sums[0], 0), ...lane(sums[0], 1), 0xa0, ...lane(sums[1], 0), ...lane(sums[1], 1), 0xa0, 0xa0],
    0x0b,
  ]
}

function unsigned(number: number): number[] {
  return number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...unsigned(number >>> 7)]
}

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes]
const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)]

/** The sum of squares of what arrays add up to, in their order. */
export function squaresLoop(parts: number): Loop {
  const operations = Array.from({ length: parts - 1 }, (_, index) => ({
    operation: 'Add' as const,
    operands: [index === 0 ? { array: 0 } : { operation: index - 1 }, { array: index + 1 }],
  }))
  return { arrays: parts, scalars: 0, operations, outputs: [], squares: parts === 1 ? { array: 0 } : { operation: parts - 2 } }
}

/** Adds arrays up, in their order; `run` gives the sum of squares. */
export function sumLoop(parts: number): Loop {
  const loop = squaresLoop(parts)
  return { ...loop, outputs: [loop.squares!] }
}
