import type { BertConfig } from './checkpoint/config.ts'

export const cardFile = 'README.md'

export interface CardFacts {
  readonly teacher: {
    readonly labels: readonly string[]
    readonly maxLength: number
    readonly parameters: { readonly total: number; readonly withoutEmbeddings: number }
  }
  readonly config: BertConfig
  /** Further sections: Markdown by heading. */
  readonly sections: Readonly<Record<string, string>>
}

const count = (value: number) => value.toLocaleString('en')

/** The README.md of a saved teacher: what it is, how to load it, and what is known about it. */
export function teacherCard({ teacher, config, sections }: CardFacts): string {
  const { labels, maxLength, parameters } = teacher
  const body = Object.entries(sections).map(([heading, text]) => `\n## ${heading}\n\n${text.trim()}\n`)
  return `---
library_name: transformers
pipeline_tag: text-classification
---

# A ${config.family} classifier

Gives ${labels.length === 1 ? 'one number' : `logits of ${labels.map((label) => `\`${label}\``).join(', ')}`}. ${config.layers} layers of ${config.hidden}, ${count(parameters.total)} parameters, ${count(parameters.withoutEmbeddings)} without embeddings. Texts are cut after ${count(maxLength)} tokens.

\`\`\`js
import { BertTeacher } from '@kd/teacher-bert'

const teacher = await BertTeacher.load('.') // this folder
console.log(await teacher.logits([{ text: 'so good that I called my mother' }]))
\`\`\`

\`\`\`python
from transformers import pipeline

print(pipeline("text-classification", ".")("so good that I called my mother"))
\`\`\`
${body.join('')}`
}
