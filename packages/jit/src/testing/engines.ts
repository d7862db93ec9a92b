import { platform } from '#platform'
import { chooseEngine, type Engine, type EngineName } from '../engines/engine.ts'
import { prepareTfjs } from '../engines/tfjs/prepare.ts'

/** For the tests: the engines that one suite runs on, with one thread unless more are asked for. */
const made = new Map<string, Promise<Engine>>()

/** What runs the graphs of the tests: with `KD_TEST_ENGINE` all on that one, on `tfjs` untraced. */
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

/** How often a function has been traced on such an engine: never where TensorFlow.js runs it. */
export const tracesOn = (name: EngineName, count: number): number => ((name === 'onnxruntime-node' ? graphs : name) === 'tfjs' ? 0 : count)

export const engineNames = ['onnxruntime-node', 'tfjs'] as const
