import { type ModelConfig, modelFiles, tensorShapes } from '@kd/runtime'
import type { Agreement } from './packing/agreement.ts'

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
  const packed = config.weights !== undefined
  const pairs = config.student === 'siamese'
  const input = pairs
    ? "{ text: 'How do I learn to swim?', pair: 'What is the best way to learn swimming?' }"
    : "'so good that I called my mother'"
  return `---
library_name: kd
pipeline_tag: text-classification
tags: [knowledge-distillation, ${config.student}]
---

# A distilled ${pairs ? 'siamese BiLSTM' : 'BiLSTM'}${task === undefined ? '' : ` for ${task}`}

${pairs ? 'Reads two texts and tells' : 'Tells'} ${labels.map((label) => `\`${label}\``).join(', ')} apart. ${count(parameters.total)} parameters, ${count(parameters.withoutEmbeddings)} without word vectors.

\`\`\`js
${packed ? servedBy(input) : trainedBy(input)}
// { label, probability, probabilities, logits }
\`\`\`
${Object.entries(sections)
  .map(([heading, text]) => `\n## ${heading}\n\n${text.trim()}\n`)
  .join('')}
## How it works

${count(vocabularySize)} words with ${channels === 'both' ? 'a static and a trainable vector' : `a ${channels} vector`} of ${dimensions} components, a bidirectional LSTM of ${hidden} units a direction${pairs ? ' that reads both texts, a, b, a * b and |a - b| of their states' : ''}, a ReLU layer of ${dense} units, logits, after Tang et al. 2019, "Distilling Task-Specific Knowledge from BERT into Simple Neural Networks" (arXiv 1903.12136). Texts are cut after ${count(maxLength)} words.

${packed ? packedFiles(config) : files(config)}`
}

const trainedBy = (input: string) => `import { loadStudent } from '@kd/students'

const student = await loadStudent('.') // this folder
console.log(await student.predict(${input}))`

const servedBy = (input: string) => `import { load } from '@kd/runtime'

const student = await load('.') // this folder, or its URL
console.log(student.predict(${input}))`

function files(config: ModelConfig): string {
  const tensors = Object.entries(tensorShapes(config)).map(([name, shape]) => `| \`${name}\` | ${shape.join(' x ')} |`)
  return `\`${modelFiles.vocabulary}\` has a word a line. \`${modelFiles.weights}\` has the names and layout of PyTorch's \`nn.LSTM\` and \`nn.Linear\`; \`bias_hh\` is zero and left out.

| tensor | shape |
|---|---|
${tensors.join('\n')}
`
}

const packedFiles = ({
  weights,
}: ModelConfig) => `\`${modelFiles.weights}\` is all of it, configuration and words too: matrices in 8 bits with a scale for each row, word vectors in ${weights === 'int4' ? 4 : 8} bits with scales for each word.
`

/** What packing changed, as a section of the card; none where nothing was measured. */
export function agreementSection(agreement: Readonly<Record<string, Agreement>>): Record<string, string> {
  const rows = Object.entries(agreement).map(([name, { examples, sameLabel, accuracy }]) => {
    const [float32, packed] = accuracy ? [percent(accuracy.float32), percent(accuracy.packed)] : ['', '']
    return `| ${name} | ${count(examples)} | ${percent(sameLabel)} | ${float32} | ${packed} |`
  })
  if (rows.length === 0) return {}
  const head = '| examples | how many | same label as in single precision | accuracy in single precision | accuracy packed |'
  return { 'What packing changed': `${head}\n|---|---|---|---|---|\n${rows.join('\n')}` }
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`
