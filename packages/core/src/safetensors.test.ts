import { expect, it } from 'vitest'
import { readSafetensors, toFloat32, writeSafetensors } from './safetensors.ts'

it("reads a node Buffer's half-precision and unaligned tensors, whose slices are views", () => {
  const file = Buffer.from(
    writeSafetensors({
      a: { data: Uint8Array.of(1), shape: [1] },
      half: { data: Uint16Array.of(0x3c00, 0xc000), shape: [2] },
      single: { data: Float32Array.of(0.5, -3), shape: [2] },
    }),
  )
  for (const shift of [0, 1]) {
    const shifted = Buffer.alloc(file.length + shift)
    shifted.set(file, shift)
    const { tensors } = readSafetensors(shifted.subarray(shift))
    expect([...toFloat32(tensors.get('half')!)]).toEqual([1, -2])
    expect([...toFloat32(tensors.get('single')!)]).toEqual([0.5, -3])
  }
})
