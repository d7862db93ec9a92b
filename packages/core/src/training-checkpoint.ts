import { writeFileAtomic } from './atomic-write.ts'
import { KdError } from './error.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { readSafetensors, toFloat32, writeSafetensors } from './safetensors.ts'

export interface CheckpointOptions {
  file: string
  /** Updates between two saves; the last one is saved in any case. Default 500. */
  every?: number
  fileSystem?: FileSystem
}

/** All that training needs to go on as if it had never stopped. */
export interface TrainingState {
  /** Updates done. */
  step: number
  /** Seconds of training so far. */
  seconds: number
  /** Weights, slots and counters of the train step. */
  trainStep: Record<string, Float32Array>
  /** The best weights so far, and how good they are. */
  best: { value: number; step: number; weights: Record<string, Float32Array> } | undefined
  history: HistoryEntry[]
  /** Losses since the latest entry; absent where it is the present step's. */
  running?: { sum: number; count: number }
}

export interface HistoryEntry {
  step: number
  /** Mean loss since the entry before. */
  loss: number
  /** What the best weights are chosen by, on validation data; absent without validation data. */
  validation?: number
}

/** What must be equal for a checkpoint to be of this training. */
export type TrainingIdentity = Readonly<Record<string, string | number>>

export async function saveCheckpoint(
  state: TrainingState,
  identity: TrainingIdentity,
  { file, fileSystem }: CheckpointOptions,
): Promise<void> {
  const tensors: Record<string, { data: Float32Array; shape: number[] }> = {}
  for (const [name, data] of Object.entries(state.trainStep)) tensors[`step/${name}`] = { data, shape: [data.length] }
  for (const [name, data] of Object.entries(state.best?.weights ?? {})) tensors[`best/${name}`] = { data, shape: [data.length] }
  const { step, seconds, history, running } = state
  const best = state.best && { value: state.best.value, step: state.best.step }
  const bytes = writeSafetensors(tensors, {
    training: JSON.stringify({ formatVersion: 1, identity, step, seconds, best, history, running }),
  })
  await writeFileAtomic(file, bytes, { fileSystem })
}

/**
 * The state saved in a checkpoint, or undefined where there is none.
 * @throws KdError of kind `mismatch` where it belongs to another training, `format` where it is damaged
 */
export async function loadCheckpoint(
  identity: TrainingIdentity,
  { file, fileSystem = nodeFileSystem }: CheckpointOptions,
): Promise<TrainingState | undefined> {
  const bytes = await fileSystem.read(file).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new KdError({ kind: 'io', what: `reading failed with ${(error as NodeJS.ErrnoException).code}`, where: { file }, cause: error })
  })
  if (!bytes) return undefined
  const { tensors, metadata } = readSafetensors(bytes, file)
  if (!metadata.training) {
    throw new KdError({
      kind: 'format',
      what: 'it is no checkpoint of a training',
      where: { file },
      fix: 'Choose another file name for the checkpoint.',
    })
  }
  const { identity: saved, best, ...rest } = JSON.parse(metadata.training) as SavedTraining
  for (const [key, value] of Object.entries(identity)) {
    if (saved[key] === value) continue
    throw new KdError({
      kind: 'mismatch',
      what: `the checkpoint is of another training: its ${key} is ${saved[key]}, this training's is ${value}`,
      where: { file },
      fix: 'Use the same options and data to go on, or another file to begin anew.',
    })
  }
  const under = (prefix: string) =>
    Object.fromEntries(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), toFloat32(tensor, name)]),
    )
  return { ...rest, trainStep: under('step/'), best: best && { ...best, weights: under('best/') } }
}

interface SavedTraining {
  identity: TrainingIdentity
  step: number
  seconds: number
  best?: { value: number; step: number }
  running?: { sum: number; count: number }
  history: HistoryEntry[]
}
