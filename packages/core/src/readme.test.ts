import { expect, it } from 'vitest'
import { type Example, KdError, Random, type Teacher } from './index.ts'

it("the README's example", async () => {
  const teacher: Teacher = {
    name: 'friendly-words@1',
    labels: ['negative', 'positive'],
    async logits(examples: readonly Example[]) {
      return Float32Array.from(examples.flatMap(({ text }) => [0, text.split(/\b(?:good|warm|clever)\b/).length - 1]))
    },
  }
  expect([...(await teacher.logits([{ text: 'a warm and clever film' }, { text: 'long' }]))]).toEqual([0, 2, 0, 0])

  const random = new Random(7, 'shuffle')
  const order = [...random.at(3).shuffle(['a', 'b', 'c'])]
  random.uniform()
  expect(random.at(3).shuffle(['a', 'b', 'c'])).toEqual(order)

  let message = ''
  try {
    new Random(-1)
  } catch (error) {
    if (KdError.isInstance(error, 'option')) message = error.message
  }
  expect(message).toBe('-1 is not a whole number from 0 to 2^53 - 1 (option seed).')
})
