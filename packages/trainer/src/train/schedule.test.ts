import { describe, expect, it } from 'vitest'
import { scheduleFactor } from './schedule.ts'

describe('scheduleFactor', () => {
  it('one-cycle agrees with torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10)', () => {
    const torch = [
      0.04, 0.52, 1, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893, 0.3887399780637107, 0.18825634605023705,
      0.049517367986526325, 0.000004,
    ]
    torch.forEach((expected, step) => expect(scheduleFactor('one-cycle', step, 10)).toBeCloseTo(expected, 5))
  })

  it('linear falls to zero after the last step, constant stays', () => {
    expect([0, 1, 2, 3].map((step) => scheduleFactor('linear', step, 4))).toEqual([1, 0.75, 0.5, 0.25])
    expect(scheduleFactor('constant', 99, 100)).toBe(1)
  })
})
