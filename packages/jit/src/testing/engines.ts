import { platform } from '#platform'
import { chooseEngine, type Engine, type EngineName } from '../engines/engine.ts'
import { prepareTfjs } from '../engines/tfjs/prepare.ts'

/** For the tests: the engines that one suite runs on, with one thread unless more are asked for. */
const made = new Map<string, Promise<Engine>>()

/** What runs the graphs of the tests; `KD_TEST_ENGINE=onnxruntime-web` runs them all on that. */
const graphs = (process.env.KD_TEST_ENGINE || 'onnxruntime-node') as EngineName

/** @param name `onnxruntime-node` stands for the engine that runs graphs in these tests */
export function testEngine(name: EngineName, threads = 1): () => Promise<Engine> {
  return () => {
    const key = `${name} ${threads}`
    let engine = made.get(key)
    if (!engine) {
      engine = chooseEngine({ platform, name: name === 'onnxruntime-node' ? graphs : name, threads, tfjs: prepareTfjs })
      made.set(key, engine)
    }
    return engine
  }
}

export const engineNames = ['onnxruntime-node', 'tfjs'] as const
