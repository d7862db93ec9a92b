export const element = (id: string) => document.getElementById(id)!

/** A file that the page came with. */
export async function fetched(file: string): Promise<Response> {
  const response = await fetch(file)
  if (!response.ok) throw new Error(`${file} answered with ${response.status}`)
  return response
}

/** A list entry with a button that takes an example. */
export function exampleButton(example: string, take: () => void): HTMLLIElement {
  const item = document.createElement('li')
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = example
  button.addEventListener('click', take)
  item.append(button)
  return item
}

/** Screen readers are told once the typing rests. */
const restMilliseconds = 700
let told: ReturnType<typeof setTimeout> | undefined

export function tell(spoken: string): void {
  clearTimeout(told)
  told = setTimeout(() => (element('status').textContent = spoken), restMilliseconds)
}

export const percent = (probability: number) => `${(100 * probability).toFixed(probability > 0.995 && probability < 1 ? 1 : 0)} %`
export const milliseconds = (time: number) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`
export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`
