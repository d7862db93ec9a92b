import * as tf from '@tensorflow/tfjs-core'
import { none, type OpRow, pair } from './row.ts'

type Complex = tf.Tensor
const parts = (z: Complex) => [tf.real(z), tf.imag(z)]
const z = (a: tf.Tensor | undefined, b: tf.Tensor | undefined) => tf.complex(a!, b!)
const row = (kernel: string, of: string, fn: OpRow['fn'], more: Partial<OpRow> = {}): OpRow => ({
  kernel,
  of,
  fn,
  shapes: pair,
  ...none,
  ...more,
})

export const complexRows: OpRow[] = [
  row('Complex', 'and its parts', (a, b) => parts(z(a, b))),
  row('Real', 'of a product', (a, b) => tf.real(tf.mul(z(a, b), z(b, a)))),
  row('Imag', 'of a product', (a, b) => tf.imag(tf.mul(z(a, b), z(a, a)))),
  row('ComplexAbs', 'the size', (a, b) => tf.abs(z(a, b))),
  row('ComplexAbs', 'of a real number', (a) => tf.abs(tf.cast(a!, 'complex64')), { shapes: [[5]] }),
  row('Add', 'complex numbers', (a, b) => parts(tf.add(z(a, b), z(b, a)))),
  row('Sub', 'a real number from a complex one', (a, b) => parts(tf.sub(z(a, b), tf.cast(a!, 'complex64')))),
  row('Multiply', 'complex numbers, broadcasting', (a, b) => parts(tf.mul(z(a, b), tf.slice(a!, [0, 0], [1, -1])))),
  row('Concat', 'complex numbers', (a, b) => parts(tf.concat([z(a, b), z(b, a)], -1))),
  row('Reshape', 'complex numbers', (a, b) => parts(tf.reshape(z(a, b), [-1, 2]))),
  row('Cast', 'of a complex number', (a, b) => tf.cast(z(a, b), 'int32'), { range: [-9, 9] }),
  row('Identity', 'of a complex number', (a, b) => parts(tf.clone(z(a, b)))),
  row('FFT', 'a power of two', (a, b) => parts(tf.fft(z(a, b))), { tolerance: 1e-5 }),
  row('FFT', 'seven', (a, b) => parts(tf.fft(z(a, b))), {
    shapes: [
      [2, 3, 7],
      [2, 3, 7],
    ],
    tolerance: 1e-5,
  }),
  row('FFT', 'of real numbers', (a) => parts(tf.spectral.rfft(a!)), { shapes: [[3, 7]], tolerance: 1e-5 }),
  row('FFT', 'of a signal, piece by piece', (a) => parts(tf.signal.stft(a as tf.Tensor1D, 8, 4)), { shapes: [[32]], tolerance: 1e-5 }),
  row('IFFT', 'seven', (a, b) => parts(tf.ifft(z(a, b))), {
    shapes: [
      [3, 7],
      [3, 7],
    ],
    tolerance: 1e-5,
  }),
  row('IFFT', 'to real numbers', (a, b) => tf.spectral.irfft(z(a, b)), { tolerance: 1e-5 }),
]
