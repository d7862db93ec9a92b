import { createApp } from './app.ts'
import type { Settings } from './settings.ts'
import { loadFrom } from './student-folder.ts'

export interface Running {
  readonly url: string
  stop(): Promise<void>
}

/** Loads the student and listens. */
export async function runHere({ student: folder, host, port, capacity }: Settings): Promise<Running> {
  const app = createApp({ student: await loadFrom(folder), capacity })
  return { url: await app.server.listen({ host, port }), stop: () => app.stop() }
}
