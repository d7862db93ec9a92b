import type { BertConfig } from './checkpoint/config.ts'

export const cardFile = 'README.md'

export interface CardFacts {
  readonly teacher: {
    readonly labels: readonly string[]
    readonly maxLength: number
    readonly parameters: { readonly total: number; readonly withoutEmbeddings: number }
  }
  readonly config: BertConfig
  /** Whether the weights are in int8, which transformers does not read. */
  readonly int8: boolean
  /** The npm package that the folder is. */
  readonly name?: string
  readonly license?: string
  /** Further sections: Markdown by heading. */
  readonly sections: Readonly<Record<string, string>>
}

const count = (value: number) => value.toLocaleString('en')

/** The README.md of a saved teacher: what it is, how to load it, and what is known about it. */
export function teacherCard({ teacher, config, int8, name, license, sections }: CardFacts): string {
  const { labels, maxLength, parameters } = teacher
  const body = Object.entries(sections).map(([heading, text]) => `\n## ${heading}\n\n${text.trim()}\n`)
  const matter = [
    ...(license ? [`license: ${license.toLowerCase()}`] : []),
    ...(int8 ? [] : ['library_name: transformers']),
    'pipeline_tag: text-classification',
  ]
  const install = name ? `\n\`\`\`sh\nnpm install @kd/teacher-bert ${name}\n\`\`\`\n` : ''
  const python = `
\`\`\`python
from transformers import pipeline

print(pipeline("text-classification", ".")("so good that I called my mother"))
\`\`\`
`
  return `---
${matter.join('\n')}
---

# ${name ?? `A ${config.family} classifier`}

${name ? `A ${config.family} classifier. ` : ''}Gives ${labels.length === 1 ? 'one number' : `logits of ${labels.map((label) => `\`${label}\``).join(', ')}`}. ${config.layers} layers of ${config.hidden}, ${count(parameters.total)} parameters, ${count(parameters.withoutEmbeddings)} without embeddings${int8 ? ', in int8' : ''}. Texts are cut after ${count(maxLength)} tokens.
${install}
\`\`\`js
import { BertTeacher } from '@kd/teacher-bert'

const teacher = await BertTeacher.load('${name ?? '.'}')${name ? '' : ' // this folder'}
console.log(await teacher.logits([{ text: 'so good that I called my mother' }]))
\`\`\`
${int8 ? '' : python}${body.join('')}`
}

/** The text below a heading of a card; undefined where there is none. */
export function cardSection(card: string, heading: string): string | undefined {
  const begin = card.indexOf(`\n## ${heading}\n`)
  if (begin < 0) return undefined
  const text = card.slice(begin + heading.length + 5)
  const end = text.indexOf('\n## ')
  return (end < 0 ? text : text.slice(0, end)).trim()
}
