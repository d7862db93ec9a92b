import { Random } from '@kd/core'
import { friendly, hostile } from './tiny-teacher.ts'

/** A table of sentences with labels, as somebody's own data would be: words of one mood each, in a few shapes. */
export function reviews(count: number): string {
  const random = new Random(1, 'reviews')
  const lines = Array.from({ length: count }, (_, row) => {
    const mood = random.at(row).integer(2) === 1 ? friendly : hostile
    const word = () => mood[random.integer(mood.length)]!
    const noun = () => ['film', 'story', 'cast', 'plot', 'ending', 'play'][random.integer(6)]!
    const shapes = [
      () => `a ${word()} and ${word()} ${noun()}`,
      () => `the ${noun()} is ${word()} , the ${noun()} is ${word()} .`,
      () => `this ${word()} ${noun()} with a ${word()} ${noun()}`,
      () => `${word()} , ${word()} and ${word()}`,
    ]
    return `${shapes[random.integer(shapes.length)]!()}\t${mood === friendly ? 'positive' : 'negative'}`
  })
  return `${['text\tlabel', ...new Set(lines)].join('\n')}\n`
}
