import { float16ToFloat32, KdError } from '@kd/core'
import { loadOnnx, type OnnxSession, type OnnxTensor } from '@kd/jit'
import type { Forward } from './forward-pass.ts'

export interface OnnxForward extends Forward {
  readonly classes: number
}

const known = ['input_ids', 'attention_mask', 'token_type_ids'] as const

/**
 * The forward pass of an exported classifier.
 * @param file names the graph in errors
 * @param probe ids of a text, to find out what the graph takes and gives
 * @throws KdError of kind `mismatch` for a graph of other inputs or outputs, `engine`
 */
export async function onnxForward(graph: Uint8Array, file: string, probe: Int32Array, threads?: number): Promise<OnnxForward> {
  const session = await loadOnnx(graph, { threads }).catch((error: unknown) => {
    if (!KdError.isInstance(error, 'engine')) throw error
    throw new KdError({ kind: 'engine', what: error.what, where: { file }, fix: error.fix, cause: error })
  })
  try {
    const output = checkedOutput(session, file)
    const shape = [1, probe.length] as const
    const types = new Int32Array(probe.length)
    const first = await findKind(session, probe, types, shape)
    const rows = first.answer[output]!
    if (rows.shape.length !== 2 || rows.shape[0] !== 1 || !(rows.shape[1]! >= 1)) {
      throw refuse(file, `its output ${output} of one text has the shape [${rows.shape}], not [1, labels]`)
    }
    return {
      arithmetic: 'as the graph computes',
      classes: rows.shape[1]!,
      async run(ids, segments, size) {
        const answer = await session.run(feedsOf(session, first.kind, ids, segments, size))
        return floats(answer[output]!)
      },
      dispose: () => session.dispose(),
    }
  } catch (error) {
    await session.dispose()
    throw error
  }
}

const refuse = (file: string, what: string) =>
  new KdError({
    kind: 'mismatch',
    what,
    where: { file },
    fix: 'Export it for text classification: `optimum-cli export onnx --task text-classification --model NAME FOLDER`.',
  })

function checkedOutput({ inputs, outputs }: OnnxSession, file: string): string {
  const foreign = inputs.filter((name) => !known.includes(name as (typeof known)[number]))
  if (foreign.length > 0 || !inputs.includes('input_ids')) {
    throw refuse(file, `its inputs are ${inputs.join(', ')}, where input_ids, attention_mask and perhaps token_type_ids belong`)
  }
  const output = outputs.includes('logits') ? 'logits' : undefined
  if (output !== undefined) return output
  throw refuse(file, `it gives ${outputs.join(', ')}, but no logits: it has no classification head`)
}

type Kind = 'int64' | 'int32'

function feedsOf(
  { inputs }: OnnxSession,
  kind: Kind,
  ids: Int32Array,
  types: Int32Array,
  shape: readonly number[],
): Record<string, OnnxTensor> {
  const values = { input_ids: ids, attention_mask: new Int32Array(ids.length).fill(1), token_type_ids: types }
  const of = (data: Int32Array): OnnxTensor => ({ data: kind === 'int64' ? BigInt64Array.from(data, BigInt) : data, shape })
  return Object.fromEntries(known.filter((name) => inputs.includes(name)).map((name) => [name, of(values[name])]))
}

/** Graphs take whole numbers of 64 bits, rarely of 32: the first that is not refused. */
async function findKind(session: OnnxSession, ids: Int32Array, types: Int32Array, shape: readonly number[]) {
  try {
    return { kind: 'int64' as Kind, answer: await session.run(feedsOf(session, 'int64', ids, types, shape)) }
  } catch (error) {
    const answer = await session.run(feedsOf(session, 'int32', ids, types, shape)).catch(() => undefined)
    if (answer === undefined) throw error
    return { kind: 'int32' as Kind, answer }
  }
}

function floats({ data }: OnnxTensor): Float32Array {
  if (data instanceof Float32Array) return data
  // Half precision comes as bits, or as an array that only newer engines know.
  const half: unknown = data
  return half instanceof Uint16Array ? float16ToFloat32(half) : Float32Array.from(data as ArrayLike<number>)
}
