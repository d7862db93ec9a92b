import { load, type Prediction, type RuntimeStudent } from '@kd/runtime'
import { type Contribution, contributions } from './contributions.ts'
import { element, exampleButton, fetched, megabytes, milliseconds, percent, tell } from './elements.ts'
import { startSearch } from './search.ts'

/** Set by the build: whether the page has a student of pairs. */
declare const __SEARCH__: boolean

const examples = [
  'a warm and clever little film',
  'two hours of my life that nobody will give back',
  'not bad, not good, just long',
  'so good that I called my mother',
]

/** Numbers have one decimal: what is less is shown as nothing. */
const shownFrom = 0.05

const text = element('text') as HTMLTextAreaElement

start().catch((error: Error) => {
  text.placeholder = ''
  const failure = element('failure')
  failure.textContent = `The student could not be loaded: ${error.message}`
  failure.hidden = false
})

async function start(): Promise<void> {
  const begun = performance.now()
  const bytes = await (await fetched('model.safetensors')).arrayBuffer()
  const student = await load(bytes)
  element('time').textContent = `loaded in ${milliseconds(performance.now() - begun)}`
  element('size').textContent = megabytes(bytes.byteLength)
  if (student.kind !== 'bilstm') throw new Error('it reads pairs of texts, and this page has one')

  // The first answers take longer, until the engine has compiled what it runs.
  for (const example of examples) contributions(student, example)
  const answer = () => tell(show(student, text.value))
  for (const example of examples) {
    const take = () => {
      text.value = example
      answer()
    }
    element('examples').append(exampleButton(example, take))
  }
  text.addEventListener('input', answer)
  text.disabled = false
  text.placeholder = 'Write a sentence, or take one from below.'
  // A reload may have kept what stood there.
  answer()
  if (__SEARCH__) await startSearch()
  await keepOffline()
}

/** Shows the answer, and returns it in words. */
function show(student: RuntimeStudent, value: string): string {
  const nothing = value.trim() === ''
  element('answer').hidden = element('reasons').hidden = nothing
  if (nothing) return ''
  const begun = performance.now()
  const prediction = student.predict(value)
  const answered = performance.now()
  const words = contributions(student, value)
  const explained = performance.now()
  showPrediction(prediction)
  showWords(words, prediction.label)
  element('time').textContent = `answered in ${milliseconds(answered - begun)}, words in ${milliseconds(explained - answered)}`
  return spoken(prediction, words)
}

function showPrediction({ label, probability }: Prediction): void {
  element('label').textContent = label
  element('probability').textContent = percent(probability)
  element('bar').style.width = `${100 * probability}%`
}

function showWords(words: readonly Contribution[], label: string): void {
  const strongest = Math.max(1, ...words.map(({ effect }) => Math.abs(effect)))
  element('for-label').textContent = label
  element('words').replaceChildren(
    ...words.map(({ word, effect, known }) => {
      const item = document.createElement('li')
      item.className = Math.abs(effect) < shownFrom ? 'neither' : effect < 0 ? 'against' : 'for'
      item.style.setProperty('--strength', String(Math.abs(effect) / strongest))
      const name = document.createElement('span')
      name.className = known ? 'word' : 'word unknown'
      name.textContent = word
      const number = document.createElement('span')
      number.className = 'effect'
      number.textContent = signed(effect)
      item.append(name, ' ', number)
      return item
    }),
  )
}

function spoken({ label, probability }: Prediction, words: readonly Contribution[]): string {
  const strongest = words.toSorted((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, 3)
  const reasons = strongest.map(({ word, effect }) => `${word} ${effect < 0 ? 'against' : 'for'} it`)
  return `${label}, ${percent(probability)}. ${reasons.length > 0 ? `Strongest words: ${reasons.join(', ')}.` : ''}`
}

/** Lets the service worker keep all that the page is made of. */
async function keepOffline(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  await navigator.serviceWorker.register('service-worker.js')
  await navigator.serviceWorker.ready
  element('offline').textContent = 'works offline'
}

const signed = (effect: number) => (Math.abs(effect) < shownFrom ? '0.0' : `${effect < 0 ? '−' : '+'}${Math.abs(effect).toFixed(1)}`)
