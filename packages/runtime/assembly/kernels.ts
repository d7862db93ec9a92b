// AssemblyScript, compiled to WebAssembly with SIMD by the build (assembly/compile.ts). JavaScript owns the memory, lays
// it out (src/serve/wasm-kernels.ts) and passes addresses; nothing here allocates or checks.
//
// Rows of a matrix go in blocks of 32, [block][half][part][lane]: 2 halves of 4 parts of 4 lanes. Of the LSTM a block is 8
// units, 4 a half, and the parts are their input, forget, cell and output gates; of the dense layer it is 32 rows in order.
// Weights are [block][pair of columns][part], 16 bytes each: for each lane both columns, a column being 16 bits that hold
// the weights of two rows, `256 * (second half) + (first half) + 128`. So one load serves 16 weights, and with 16-bit
// activations `a`
//   second half = dot(v >> 8, a)        first half = dot(v, a) - 256 * dot(v >> 8, a) - 128 * sum(a)
// Sums wrap, and are exact all the same where the results fit 32 bits: the caller bounds the activations for that.
//
// Rows of input, forget and output gates are scaled by a half: sigmoid(x) = (1 + tanh(x / 2)) / 2.

// tanh(x) ~ x (P0 + P1 x^2 + P2 x^4) / (1 + Q1 x^2 + Q2 x^4) for |x| <= LIMIT: a minimax fit, off by 4.8e-5 at most.
const LIMIT: f32 = 5.0
const P0: f32 = 0.99981015
const P1: f32 = 0.101723276
const P2: f32 = 0.000654947574
const Q1: f32 = 0.434504222
const Q2: f32 = 0.0126392202

@inline function clamp(x: v128, most: v128, least: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, most), least)
}

@inline function polynomial(y: v128, c0: v128, c1: v128, c2: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(c2, y), c1), y), c0)
}

@inline function dot(weights: v128, x: v128, sum: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(weights, x))
}

@inline function lowRows(both: v128, high: v128, offset: v128): v128 {
  return i32x4.sub(i32x4.sub(both, i32x4.shl(high, 8)), offset)
}

@inline function sumOfLanes(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3)
}

/**
 * Weights of 8 bits into blocks; reads up to 7 bytes beyond them. Rows and columns that fill up blocks are zero.
 * @param from row-major, a row `stride` bytes from the next
 * @param rows of the LSTM hidden units, with a row for each gate; of the dense layer its units
 */
export function pack(from: usize, to: usize, rows: i32, columns: i32, stride: i32, gates: bool): void {
  const halfRows = gates ? 4 : 16
  const blockBytes = <usize>((columns + 7) >> 3 << 8)
  for (let row = 0; row < rows; row += halfRows << 1, to += blockBytes) {
    for (let place = 0; place < 16; place++) {
      const part = place >> 2
      const first = row + (gates ? place & 3 : place)
      const has = rows - first
      let source = from + <usize>((gates ? first + part * rows : first) * stride)
      let target = to + <usize>(place << 2)
      for (let left = columns; left > 0; left -= 8, source += 8, target += 256) {
        const inside: i64 = left < 8 ? (<i64>1 << <i64>(left << 3)) - 1 : -1
        const low = i64x2.splat(has > 0 ? load<i64>(source) & inside : 0)
        const high = i64x2.splat(has > halfRows ? load<i64>(source + <usize>(halfRows * stride)) & inside : 0)
        const both = i8x16.shuffle(v128.xor(low, i8x16.splat(-128)), high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
        v128.store32_lane(target, both, 0)
        v128.store32_lane(target, both, 1, 64)
        v128.store32_lane(target, both, 2, 128)
        v128.store32_lane(target, both, 3, 192)
      }
    }
  }
}

/** One number for each row of the gates, single precision, into the order of the blocks; times a factor, and half of it but for the cell's. */
export function gates(from: usize, to: usize, hidden: i32, factor: f32): void {
  for (let part = 0; part < 4; part++) {
    const times: f32 = part == 2 ? factor : factor * 0.5
    for (let unit = 0; unit < hidden; unit++, from += 4) {
      store<f32>(to + <usize>(((unit & -4) << 2) + (part << 2) + (unit & 3) << 2), load<f32>(from) * times)
    }
  }
}

/** Sums of weights times activations, int32, one for each row; `columns` is a multiple of 8. */
function product(weights: usize, x: usize, columns: i32, blocks: i32, sums: usize): void {
  const end = x + (<usize>columns << 1)
  const ones = i16x8.splat(1)
  const zero = i32x4.splat(0)
  let total = zero
  for (let at = x; at < end; at += 16) total = dot(v128.load(at), ones, total)
  const offset = i32x4.splat(sumOfLanes(total) << 7)
  for (const last = sums + (<usize>blocks << 7); sums < last; sums += 128) {
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero
    let b0 = zero, b1 = zero, b2 = zero, b3 = zero
    // Not unrolled: V8 would hoist the loads and spill the sums.
    for (let at = x; at < end; at += 4, weights += 64) {
      const two = v128.load32_splat(at)
      const v0 = v128.load(weights), v1 = v128.load(weights, 16), v2 = v128.load(weights, 32), v3 = v128.load(weights, 48)
      a0 = dot(v0, two, a0)
      b0 = dot(i16x8.shr_s(v0, 8), two, b0)
      a1 = dot(v1, two, a1)
      b1 = dot(i16x8.shr_s(v1, 8), two, b1)
      a2 = dot(v2, two, a2)
      b2 = dot(i16x8.shr_s(v2, 8), two, b2)
      a3 = dot(v3, two, a3)
      b3 = dot(i16x8.shr_s(v3, 8), two, b3)
    }
    v128.store(sums, lowRows(a0, b0, offset))
    v128.store(sums, lowRows(a1, b1, offset), 16)
    v128.store(sums, lowRows(a2, b2, offset), 32)
    v128.store(sums, lowRows(a3, b3, offset), 48)
    v128.store(sums, b0, 64)
    v128.store(sums, b1, 80)
    v128.store(sums, b2, 96)
    v128.store(sums, b3, 112)
  }
}

/** `x[i]`, single precision, as 16 bits by their largest, which becomes `most`; returns the scale. `count` is a multiple of 8. */
export function quantize(x: usize, count: i32, to: usize, most: f32): f32 {
  const end = x + (<usize>count << 2)
  let largest = f32x4.splat(0)
  for (let at = x; at < end; at += 16) largest = f32x4.pmax(largest, f32x4.abs(v128.load(at)))
  const top = max(max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)), max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)))
  const factor = f32x4.splat(top > 0 ? most / top : 0)
  for (; x < end; x += 32, to += 16) v128.store(to, rounded(f32x4.mul(v128.load(x), factor), f32x4.mul(v128.load(x, 16), factor)))
  return top / most
}

@inline function rounded(low: v128, high: v128): v128 {
  return i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(f32x4.nearest(low)), i32x4.trunc_sat_f32x4_s(f32x4.nearest(high)))
}

/**
 * `out = weights row * scales + start`, single precision; `row`, of `count` numbers, goes through 16 bits.
 * @param x gets the activations; @param most as of `quantize`
 */
export function layer(row: usize, count: i32, most: f32, x: usize, weights: usize, blocks: i32, sums: usize, scales: usize, start: usize, out: usize): void {
  const columns = (count + 7) & -8
  memory.fill(row + (<usize>count << 2), 0, <usize>(columns - count) << 2)
  const factor = f32x4.splat(quantize(row, columns, x, most))
  product(weights, x, columns, blocks, sums)
  for (const end = out + (<usize>blocks << 7); out < end; out += 16, sums += 16, scales += 16, start += 16) {
    const product = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), v128.load(scales)), factor)
    v128.store(out, f32x4.add(product, v128.load(start)))
  }
}

/**
 * One direction of the LSTM over a text.
 * @param places slots of the words, int32, `step` bytes from one to the next
 * @param slots a slot is `slotBytes` long: its scale at `scaleAt`, its projections, 16 bits, at `projectionsAt`
 * @param scales of the recurrent weights, times that of the states
 * @param x the states in 16 bits, `most` standing for 1; @param h the same in single precision
 */
export function run(
  places: usize, step: i32, length: i32,
  slots: usize, slotBytes: i32, scaleAt: i32, projectionsAt: i32,
  weights: usize, scales: usize, blocks: i32, sums: usize, c: usize, x: usize, h: usize, most: f32,
): void {
  const states = <usize>blocks << 3
  memory.fill(c, 0, states << 2)
  memory.fill(sums, 0, states << 4)
  for (let t = 0; t < length; t++, places += step) {
    const slot = slots + <usize>load<i32>(places) * slotBytes
    if (t > 0) product(weights, x, blocks << 3, blocks, sums)
    cells(sums, scales, slot + projectionsAt, load<f32>(slot + scaleAt), c, blocks)
    outputs(sums, scales, slot + projectionsAt, load<f32>(slot + scaleAt), c, blocks, x, h, most)
  }
}

@inline function gate(sums: usize, scales: usize, projections: usize, scale: v128): v128 {
  const recurrent = f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), v128.load(scales))
  return f32x4.add(recurrent, f32x4.mul(f32x4.convert_i32x4_s(v128.load_ext<i16>(projections)), scale))
}

// New cells and outputs are two loops: the chain of both is too long for a processor to overlap enough of them.

/** c = sigmoid(f) c + sigmoid(i) tanh(g), on one common denominator. */
function cells(sums: usize, scales: usize, projections: usize, scale: f32, c: usize, blocks: i32): void {
  const s = f32x4.splat(scale), most = f32x4.splat(LIMIT), least = f32x4.splat(-LIMIT), one = f32x4.splat(1), half = f32x4.splat(0.5)
  const p0 = f32x4.splat(P0), p1 = f32x4.splat(P1), p2 = f32x4.splat(P2), q1 = f32x4.splat(Q1), q2 = f32x4.splat(Q2)
  for (const end = c + (<usize>blocks << 5); c < end; c += 16, sums += 64, scales += 64, projections += 32) {
    const i = clamp(gate(sums, scales, projections, s), most, least), ii = f32x4.mul(i, i)
    const f = clamp(gate(sums + 16, scales + 16, projections + 8, s), most, least), ff = f32x4.mul(f, f)
    const g = clamp(gate(sums + 32, scales + 32, projections + 16, s), most, least), gg = f32x4.mul(g, g)
    const qi = polynomial(ii, one, q1, q2), qf = polynomial(ff, one, q1, q2), qg = polynomial(gg, one, q1, q2)
    const keep = f32x4.mul(f32x4.add(qf, f32x4.mul(f, polynomial(ff, p0, p1, p2))), v128.load(c))
    const add = f32x4.mul(f32x4.add(qi, f32x4.mul(i, polynomial(ii, p0, p1, p2))), f32x4.mul(g, polynomial(gg, p0, p1, p2)))
    const qig = f32x4.mul(qi, qg)
    v128.store(c, f32x4.div(f32x4.mul(half, f32x4.add(f32x4.mul(keep, qig), f32x4.mul(add, qf))), f32x4.mul(qig, qf)))
  }
}

/** h = sigmoid(o) tanh(c) */
function outputs(sums: usize, scales: usize, projections: usize, scale: f32, c: usize, blocks: i32, x: usize, h: usize, top: f32): void {
  const s = f32x4.splat(scale), most = f32x4.splat(LIMIT), least = f32x4.splat(-LIMIT), one = f32x4.splat(1), half = f32x4.splat(0.5)
  const p0 = f32x4.splat(P0), p1 = f32x4.splat(P1), p2 = f32x4.splat(P2), q1 = f32x4.splat(Q1), q2 = f32x4.splat(Q2)
  const whole = f32x4.splat(top)
  for (const end = c + (<usize>blocks << 5); c < end; c += 16, sums += 64, scales += 64, projections += 32, h += 16, x += 8) {
    const o = clamp(gate(sums + 48, scales + 48, projections + 24, s), most, least), oo = f32x4.mul(o, o)
    const t = clamp(v128.load(c), most, least), tt = f32x4.mul(t, t)
    const qo = polynomial(oo, one, q1, q2)
    const numerator = f32x4.mul(f32x4.mul(half, f32x4.add(qo, f32x4.mul(o, polynomial(oo, p0, p1, p2)))), f32x4.mul(t, polynomial(tt, p0, p1, p2)))
    const out = f32x4.div(numerator, f32x4.mul(qo, polynomial(tt, one, q1, q2)))
    v128.store(h, out)
    const scaled = f32x4.mul(out, whole)
    v128.store64_lane(x, rounded(scaled, scaled), 0)
  }
}

/** A pair's features after the first text's states: b, a * b, |a - b|. Writes up to 3 numbers more. */
export function pairFeatures(a: usize, b: usize, count: i32, out: usize): void {
  const size = <usize>count << 2
  for (let at: usize = 0; at < size; at += 16) v128.store(out + at, v128.load(b + at))
  out += size
  for (let at: usize = 0; at < size; at += 16) v128.store(out + at, f32x4.mul(v128.load(a + at), v128.load(b + at)))
  out += size
  for (let at: usize = 0; at < size; at += 16) v128.store(out + at, f32x4.abs(f32x4.sub(v128.load(a + at), v128.load(b + at))))
}

/** Sum of weights times what of `x` is above 0; `count` is a multiple of 4. */
export function rectified(x: usize, weights: usize, count: i32): f32 {
  let sum = f32x4.splat(0)
  for (const end = x + (<usize>count << 2); x < end; x += 16, weights += 16) {
    sum = f32x4.add(sum, f32x4.mul(f32x4.pmax(v128.load(x), f32x4.splat(0)), v128.load(weights)))
  }
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)
}

// The vocabulary: its text, one word a line, has `bytes` from `bytes` on; what is before is for a word that is asked for.
// Behind it stand, int32, where each word ends, and a table by hashes: 0, or a word's id and 1 more.

let bytes: usize
let ends: usize
let table: usize
let mask: i32
/** Of the word that `placeOf` has read. */
let wordEnd: usize

/**
 * Place in the table of the word that starts at `start`, or the free one where it belongs; of none beyond `limit`, and of
 * hashes that were made to collide, 0.
 */
function placeOf(start: usize, limit: usize): usize {
  let at = start
  let hash: u32 = 0
  // By four letters: bit 7 of a byte is set where it ends a line, of the bytes before it never.
  for (let length = 4; length == 4; ) {
    if (at >= limit) return 0
    const letters = load<u32>(at)
    const others = letters ^ 0x0a0a0a0a
    const stops = (others - 0x01010101) & ~others & 0x80808080
    length = ctz(stops) >> 3
    hash = (hash ^ (stops ? letters & ((1 << (length << 3)) - 1) : letters)) * 16777619
    hash ^= hash >> 15
    at += length
  }
  wordEnd = at
  for (let tries = 0; tries < 1000; tries++, hash++) {
    const place = table + <usize>((hash & mask) << 2)
    const other = load<i32>(place)
    if (other == 0 || same(start, at, other == 1 ? bytes : <usize>load<i32>(ends + <usize>(other - 2 << 2)) + 1)) return place
  }
  return 0
}

/** Makes the table; `most` words have room. Returns how many there are, -1 where they are not all different and not empty. */
export function index(size: i32, most: i32): i32 {
  bytes = size
  ends = ((bytes << 1) + 3) & ~3
  table = ends + <usize>(most << 2)
  mask = (2 << (32 - clz(most))) - 1
  const end = bytes << 1
  let count = 0
  for (let start = bytes; start < end; start = wordEnd + 1) {
    const place = placeOf(start, end)
    if (place == 0 || load<i32>(place) || wordEnd == start || wordEnd >= end || count == most) return -1
    store<i32>(ends + <usize>(count << 2), <i32>wordEnd)
    store<i32>(place, ++count)
  }
  return count
}

/** Id of the word that stands at 0 with the end of its line, or -1. */
export function find(): i32 {
  const place = placeOf(0, bytes)
  return place ? load<i32>(place) - 1 : -1
}

/** Whether the word from `start` to `end` stands at `other` too, up to the end of its line. */
function same(start: usize, end: usize, other: usize): bool {
  while (start < end && load<u8>(start) == load<u8>(other)) {
    start++
    other++
  }
  return start == end && load<u8>(other) == 10
}
