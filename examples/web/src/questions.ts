import type { Encoded, RuntimeStudent } from '@kd/runtime'

/** Questions as the student has read them. */
export interface Known {
  readonly questions: readonly string[]
  readonly encoded: Encoded
}

export interface Found {
  readonly question: string
  /** That it asks the same. */
  readonly probability: number
}

/** So many are read before the page gets its turn. */
const atOnce = 50
const shown = 5

export async function readQuestions(student: Pick<RuntimeStudent, 'encode'>, questions: readonly string[]): Promise<Known> {
  const parts: Float32Array[] = []
  for (let at = 0; at < questions.length; at += atOnce) {
    parts.push(student.encode(questions.slice(at, at + atOnce)).states)
    await new Promise((resolve) => setTimeout(resolve))
  }
  const states = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let end = 0
  for (const part of parts) {
    states.set(part, end)
    end += part.length
  }
  return { questions, encoded: { length: questions.length, states } }
}

/** The questions that most likely ask the same as a text, the nearest first. */
export function search(student: Pick<RuntimeStudent, 'compare'>, { questions, encoded }: Known, text: string): Found[] {
  const nearest = student.compare(text, encoded).top(shown)
  return nearest.map(({ index, probability }) => ({ question: questions[index]!, probability }))
}
