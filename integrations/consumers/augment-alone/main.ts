import { augment } from '@kd/augment'

const originals = [{ text: 'a warm and clever little film' }, { text: "It's slow, and it never finds its way." }]
const texts: string[] = []
for await (const example of augment(originals, { perExample: 5, seed: 7 })) texts.push(example.text)
console.log(JSON.stringify(texts))
