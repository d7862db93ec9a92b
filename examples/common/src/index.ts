export { type DemoOptions, type DemoSize, digest, fromCaller, readCommandLine, sizeOf } from './command-line.ts'
export { inTerminal, type Watched } from './in-terminal.ts'
export { sharedNotes } from './shared-notes.ts'
export { taskFolder } from './task-folder.ts'
