import { type ModelConfig, modelFiles, tensorShapes } from '@kd/runtime'

export interface CardFacts {
  readonly config: ModelConfig
  readonly parameters: { readonly total: number; readonly withoutEmbeddings: number }
  /** Further sections: Markdown by heading. */
  readonly sections: Readonly<Record<string, string>>
}

const count = (value: number) => value.toLocaleString('en')

/** The README.md of a saved student: what it is, how to load it, what its files hold. */
export function modelCard({ config, parameters, sections }: CardFacts): string {
  const { task, labels, vocabularySize, dimensions, channels, hidden, dense, maxLength } = config
  const tensors = Object.entries(tensorShapes(config)).map(([name, shape]) => `| \`${name}\` | ${shape.join(' x ')} |`)
  return `---
library_name: kd
pipeline_tag: text-classification
tags: [knowledge-distillation, bilstm]
---

# A distilled BiLSTM${task === undefined ? '' : ` for ${task}`}

Tells ${labels.map((label) => `\`${label}\``).join(', ')} apart. ${count(parameters.total)} parameters, ${count(parameters.withoutEmbeddings)} without word vectors.

\`\`\`js
import { loadStudent } from '@kd/students'

const student = await loadStudent('.') // this folder
console.log(await student.predict('so good that I called my mother'))
// { label, probability, probabilities, logits }
\`\`\`
${Object.entries(sections)
  .map(([heading, text]) => `\n## ${heading}\n\n${text.trim()}\n`)
  .join('')}
## How it works

${count(vocabularySize)} words (\`${modelFiles.vocabulary}\`) with ${channels === 'both' ? 'a static and a trainable vector' : `a ${channels} vector`} of ${dimensions} components, a bidirectional LSTM of ${hidden} units a direction, a ReLU layer of ${dense} units, logits, after Tang et al. 2019, "Distilling Task-Specific Knowledge from BERT into Simple Neural Networks" (arXiv 1903.12136). Texts are cut after ${count(maxLength)} words.

\`${modelFiles.weights}\` has the names and layout of PyTorch's \`nn.LSTM\` and \`nn.Linear\`; \`bias_hh\` is zero and left out.

| tensor | shape |
|---|---|
${tensors.join('\n')}
`
}
