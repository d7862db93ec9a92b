import { KdError } from './error.ts'
import type { Safetensors, SafetensorsTensor } from './safetensors.ts'

/** Which file of a sharded checkpoint holds which tensor: `model.safetensors.index.json`. */
export interface SafetensorsIndex {
  readonly fileOf: ReadonlyMap<string, string>
  /** The files, sorted. */
  readonly files: readonly string[]
}

/**
 * Reads the index of a sharded checkpoint, `{ weight_map: { tensor: file } }`. Files lie beside the index.
 * @param source names the index in errors
 * @throws KdError of kind `format`
 */
export function parseSafetensorsIndex(json: unknown, source = 'model.safetensors.index.json'): SafetensorsIndex {
  const { weight_map: map } = (typeof json === 'object' && json !== null ? json : {}) as { weight_map?: unknown }
  const fail = (what: string) => new KdError({ kind: 'format', what, where: { file: source }, fix: 'Fetch or write the checkpoint again.' })
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw fail('it has no weight_map')
  const fileOf = new Map<string, string>()
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[\w.-]+\.safetensors$/.test(file)) {
      throw fail(`tensor ${tensor} lies in ${JSON.stringify(file)}, which is not a safetensors file beside it`)
    }
    fileOf.set(tensor, file)
  }
  if (fileOf.size === 0) throw fail('its weight_map is empty')
  return { fileOf, files: [...new Set(fileOf.values())].sort() }
}

/**
 * The tensors of all shards.
 * @param shards the files' contents by name
 * @throws KdError of kind `format` where a shard lacks a tensor that the index says it holds, or holds one of another shard
 */
export function joinShards(
  { fileOf }: SafetensorsIndex,
  shards: ReadonlyMap<string, Safetensors>,
  source = 'model.safetensors.index.json',
): Map<string, SafetensorsTensor> {
  const joined = new Map<string, SafetensorsTensor>()
  const fail = (what: string, tensor: string) =>
    new KdError({
      kind: 'format',
      what,
      where: { file: source, tensor },
      fix: 'These shards are of different checkpoints: fetch all again.',
    })
  for (const [file, { tensors }] of shards) {
    for (const [name, tensor] of tensors) {
      if ((fileOf.get(name) ?? file) !== file) throw fail(`${file} holds it, the index says ${fileOf.get(name)}`, name)
      joined.set(name, tensor)
    }
  }
  for (const [name, file] of fileOf) if (!joined.has(name)) throw fail(`${file} lacks it, against what the index says`, name)
  return joined
}
