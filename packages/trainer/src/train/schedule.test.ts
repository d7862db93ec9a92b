import { describe, expect, it } from 'vitest'
import { scheduleFactor } from './schedule.ts'

describe('scheduleFactor', () => {
  it('one-cycle agrees with torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10)', () => {
    // Printed by PyTorch 2.15.0, to six decimals.
    const torch = [0.04, 0.52, 1, 0.950485, 0.811746, 0.611262, 0.388742, 0.188258, 0.049519, 0.000004]
    expect(torch.map((_, step) => scheduleFactor('one-cycle', step, 10))).toEqual(torch.map((value) => expect.closeTo(value, 6)))
  })

  it('linear falls to zero after the last step, constant stays', () => {
    expect([0, 1, 2, 3].map((step) => scheduleFactor('linear', step, 4))).toEqual([1, 0.75, 0.5, 0.25])
    expect(scheduleFactor('constant', 99, 100)).toBe(1)
  })
})
