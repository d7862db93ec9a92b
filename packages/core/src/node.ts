export { type AtomicWriteOptions, type FolderWriteOptions, writeFileAtomic, writeFolderAtomic } from './atomic-write.ts'
export { type FileSystem, nodeFileSystem } from './file-system.ts'
export { readFailed, readFileBytes, readJsonFile } from './read-file.ts'
export {
  type CheckpointOptions,
  type HistoryEntry,
  loadCheckpoint,
  saveCheckpoint,
  type TrainingIdentity,
  type TrainingState,
} from './training-checkpoint.ts'
