import { load } from '@kd/runtime'
import { element, exampleButton, fetched, megabytes, milliseconds, percent, tell } from './elements.ts'
import { type Found, readQuestions, search } from './questions.ts'

const examples = ['what would be a good way to learn italian?', 'how expensive is it to fix a laptop?', 'is cooking rice difficult?']

/** Sets up the search once the student of pairs has read all questions. */
export async function startSearch(): Promise<void> {
  const [model, list] = await Promise.all([fetched('pairs.safetensors'), fetched('questions.txt')])
  const bytes = await model.arrayBuffer()
  const student = await load(bytes)
  const questions = (await list.text()).split('\n').filter(Boolean)
  const known = await readQuestions(student, questions)
  // The first searches take longer, until the engine has compiled what it runs.
  for (const example of examples) search(student, known, example)
  element('size').append(` and ${megabytes(bytes.byteLength)}`)
  element('how-many').textContent = questions.length.toLocaleString('en')

  const input = element('question') as HTMLInputElement
  const answer = () => {
    const text = input.value.trim()
    const begun = performance.now()
    const found = text === '' ? [] : search(student, known, text)
    element('search-time').textContent = `Compared with all in ${milliseconds(performance.now() - begun)}.`
    show(found)
    tell(found.length === 0 ? '' : `Nearest, ${percent(found[0]!.probability)}: ${found[0]!.question}`)
  }
  for (const example of examples) {
    const take = () => {
      input.value = example
      answer()
    }
    element('question-examples').append(exampleButton(example, take))
  }
  input.addEventListener('input', answer)
  element('search').hidden = false
  if (input.value !== '') answer()
}

function show(found: readonly Found[]): void {
  element('matches').hidden = element('search-note').hidden = found.length === 0
  element('matches').replaceChildren(
    ...found.map(({ question, probability }) => {
      const item = document.createElement('li')
      item.className = probability > 0.5 ? 'same' : 'other'
      const line = document.createElement('div')
      line.className = 'line'
      for (const [name, value] of [
        ['question', question],
        ['probability', percent(probability)],
      ] as const) {
        const part = document.createElement('span')
        part.className = name
        part.textContent = value
        line.append(part, ' ')
      }
      const scale = document.createElement('div')
      scale.className = 'scale'
      scale.ariaHidden = 'true'
      const bar = document.createElement('div')
      bar.style.width = `${100 * probability}%`
      scale.append(bar)
      item.append(line, scale)
      return item
    }),
  )
}
