import { chooseEngine, type Engine } from '../engines/engine.ts'
import { prepareTfjs } from '../engines/tfjs/prepare.ts'

/** For the tests: the engines that one suite runs on, the native one with one thread unless more are asked for. */
const made = new Map<string, Promise<Engine>>()

export function testEngine(name: 'onnxruntime-node' | 'tfjs', threads = 1): () => Promise<Engine> {
  return () => {
    const key = `${name} ${threads}`
    let engine = made.get(key)
    if (!engine) {
      const environment = { KD_ENGINE: name, KD_THREADS: String(threads) }
      engine = chooseEngine({ environment, module: 'onnxruntime-node', tfjs: prepareTfjs, warn: () => {} })
      made.set(key, engine)
    }
    return engine
  }
}

export const engineNames = ['onnxruntime-node', 'tfjs'] as const
