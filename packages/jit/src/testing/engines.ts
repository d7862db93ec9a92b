import { chooseEngine, type Engine } from '../engines/engine.ts'
import { prepareTfjs } from '../engines/tfjs/prepare.ts'

/** For the tests: the engines that one suite runs on, the native one with one thread. */
const made = new Map<string, Promise<Engine>>()

export function testEngine(name: 'onnxruntime-node' | 'tfjs'): () => Promise<Engine> {
  return () => {
    let engine = made.get(name)
    if (!engine) {
      const warn = () => {}
      engine = chooseEngine({ environment: { KD_ENGINE: name, KD_THREADS: '1' }, module: 'onnxruntime-node', tfjs: prepareTfjs, warn })
      made.set(name, engine)
    }
    return engine
  }
}

export const engineNames = ['onnxruntime-node', 'tfjs'] as const
