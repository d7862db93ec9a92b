import { access } from 'node:fs/promises'

/** Names of a model folder's files: Hugging Face's, and the golden logits that our tool adds. */
export const modelFiles = Object.freeze({
  config: 'config.json',
  weights: 'model.safetensors',
  shards: 'model.safetensors.index.json',
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  vocabulary: 'vocab.txt',
  bytePairs: 'vocab.json',
  merges: 'merges.txt',
  selfCheck: 'self-check.json',
})

/** Where ONNX exports keep their graph, by Optimum and by transformers.js, the most exact first. */
export const onnxFiles = ['onnx/model.onnx', 'model.onnx', 'onnx/model_quantized.onnx', 'model_quantized.onnx'] as const

/** Weights in a format that runs code when it is read. */
export const pickledFile = /(^|\/)(pytorch_model.*\.bin|.*\.(pt|pth|ckpt|pkl))$/

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
