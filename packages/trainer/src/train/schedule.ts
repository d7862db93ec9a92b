import type { Schedule } from './options.ts'

/** Share of the steps that the one-cycle schedule rises for; its first and last rates are 1/25 and 1/10,000 of the highest (fast.ai, PyTorch's OneCycleLR). */
const riseShare = 0.3
const firstShare = 1 / 25
const lastShare = 1 / 250_000

/** Factor on the highest learning rate at `step` of `steps`, counted from 0. */
export function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  switch (schedule) {
    case 'constant':
      return 1
    case 'linear':
      return 1 - step / steps
    case 'one-cycle': {
      const peak = Math.max(1, riseShare * steps - 1)
      if (step <= peak) return cosine(firstShare, 1, step / peak)
      return cosine(1, lastShare, Math.min(1, (step - peak) / Math.max(1, steps - 1 - peak)))
    }
  }
}

function cosine(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
}
