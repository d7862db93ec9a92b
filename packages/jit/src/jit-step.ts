import { KdError } from '@kd/core'
import * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { boundEngine } from './engines/bound.ts'
import type { Engine } from './engines/engine.ts'
import { afterCalls, type JitFunction, type JitOptions, jitOn } from './jit.ts'
import { checkSize, OurRule, ownRate, type Rule, type RuleInputs, read, type StepState, TheirRule, write } from './jit-step-rules.ts'
import type { Optimizer } from './optimizers/optimizer.ts'

type Tensors = tf.Tensor | tf.Tensor[]

/** Of a batch, `[]`, or of each of its examples, whose mean is taken. A list where the model has several outputs. */
export type StepLoss<Y extends Tensors = tf.Tensor, Output extends Tensors = tf.Tensor> = (target: Y, output: Output) => tf.Tensor

export interface JitStepOptions extends JitOptions {
  /** With this package's optimizers: the rate of each step, from 1. Default: the optimizer's. */
  learningRate?: number | ((step: number) => number)
  /** With this package's optimizers: gradients are scaled down so that their norm does not exceed this. */
  clipNorm?: number
}

export interface JitStep<X extends Tensors = tf.Tensor, Y extends Tensors = tf.Tensor> {
  /** One step on a batch; gives its loss, before the step. `learningRate` goes for this step alone. */
  (x: X, y: Y, options?: { learningRate?: number }): Promise<number>
  readonly traces: number
  /** How many steps were made. */
  readonly steps: number
  /** All that a resume needs: the model's weights, what the optimizer remembers, the number of steps. */
  state(): Promise<StepState>
  /**
   * Goes back to a `state()`.
   * @throws KdError of kind `mismatch`, and changes nothing, if the state is of another model or optimizer
   */
  restore(state: Readonly<StepState>): Promise<void>
  /** Gives memory back; the model keeps its weights. */
  dispose(): Promise<void>
}

/**
 * The common training step of a tfjs-layers model as one graph: forward pass in training mode, the loss and the model's
 * regularisation, gradients, the optimizer's update. Weights stay with the engine and are the model's own all the same:
 * `model.predict` and `model.save` find them. Dropout and other random layers draw from (seed, step, which use this is).
 * With this package's optimizers the learning rate is an input of each step; with one of TensorFlow.js's own
 * its `learningRate` is read before each step, and a new one traces again.
 * @throws KdError of kind `option` at once for options out of range
 */
export function jitStep<X extends Tensors = tf.Tensor, Y extends Tensors = tf.Tensor, Output extends Tensors = tf.Tensor>(
  model: LayersModel,
  optimizer: Optimizer | tf.Optimizer,
  loss: StepLoss<Y, Output>,
  options: JitStepOptions = {},
): JitStep<X, Y> {
  return jitStepOn(model, optimizer, loss, options, boundEngine)
}

/** The same on a given engine. */
export function jitStepOn<X extends Tensors, Y extends Tensors, Output extends Tensors>(
  model: LayersModel,
  optimizer: Optimizer | tf.Optimizer,
  loss: StepLoss<Y, Output>,
  options: JitStepOptions,
  engine: () => Promise<Engine>,
): JitStep<X, Y> {
  const rule = ruleOf(optimizer, options)
  const wholeLoss = (x: X, y: Y): tf.Scalar => {
    const own = tf.mean(loss(y, model.apply(x, { training: true }) as Output)) as tf.Scalar
    return model.calculateLosses().reduce((sum, regularisation) => tf.add(sum, regularisation), own)
  }
  const make = () =>
    jitOn(
      (x: X, y: Y, variables: tf.Variable[], inputs: RuleInputs) => rule.apply(() => wholeLoss(x, y), variables, inputs),
      engine,
      options,
    )
  let step: JitFunction<[X, Y, tf.Variable[], RuleInputs], tf.Scalar> = make()
  let memory: readonly tf.Variable[] = rule.memory()

  /** Each step counts from the one before: they wait for each other before they are prepared. */
  let last: Promise<unknown> = Promise.resolve()
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  async function run(x: X, y: Y, learningRate: number | undefined): Promise<number> {
    const variables = trainable(model)
    const { calls } = step
    if (calls > 0 && rule.memory().some((variable, index) => variable !== memory[index])) {
      // Somebody gave the optimizer other memory (setWeights): the graph would go on with the old.
      await step.dispose()
      step = make()
      step.calls = calls
    }
    const inputs = rule.inputs(calls + 1, learningRate, variables)
    try {
      const value = await step(x, y, variables, inputs)
      rule.made(step.calls)
      memory = rule.memory()
      const [number] = await value.data()
      value.dispose()
      return number!
    } finally {
      tf.dispose({ ...inputs })
    }
  }

  const stepped = (x: X, y: Y, { learningRate }: { learningRate?: number } = {}): Promise<number> => {
    // The batch as it is now: its turn may come when the caller has disposed of it.
    const kept = tf.tidy(() => [x, y].map((tensors) => [tensors].flat().map((tensor) => tf.keep(tensor.clone())))) as [
      tf.Tensor[],
      tf.Tensor[],
    ]
    const alike = <T extends Tensors>(tensors: T, copies: tf.Tensor[]) => (Array.isArray(tensors) ? copies : copies[0]) as T
    return inOrder(() => run(alike(x, kept[0]), alike(y, kept[1]), learningRate)).finally(() => tf.dispose(kept.flat()))
  }
  const named = () => namesOf(model)
  return Object.defineProperties(stepped, {
    traces: { get: () => step.traces },
    steps: { get: () => step.calls },
    state: {
      value: () =>
        inOrder(() =>
          afterCalls(async () => {
            const { variables, names, trained } = named()
            const weights = variables.map(async (variable, index) => [names[index]!, await read(variable)] as const)
            const memory = rule.state(trained.variables, trained.names)
            const all = { ...Object.fromEntries(await Promise.all(weights)), ...(await memory) }
            return { ...all, steps: Float32Array.of(step.calls) }
          }),
        ),
    },
    restore: {
      value: (state: Readonly<StepState>) =>
        inOrder(() =>
          afterCalls(async () => {
            const { variables, names, trained } = named()
            checkSize(state, 'steps', 1)
            variables.forEach(({ size }, index) => {
              checkSize(state, names[index]!, size)
            })
            await rule.restore(state, trained.variables, trained.names)
            variables.forEach((variable, index) => {
              write(variable, state[names[index]!]!)
            })
            step.calls = state.steps![0]!
            rule.made(step.calls)
          }),
        ),
    },
    dispose: {
      value: () =>
        inOrder(async () => {
          await step.dispose()
          rule.dispose()
        }),
    },
  }) as unknown as JitStep<X, Y>
}

function ruleOf(optimizer: Optimizer | tf.Optimizer, { learningRate, clipNorm }: JitStepOptions): Rule {
  if (clipNorm !== undefined && !(clipNorm > 0)) {
    throw new KdError({ kind: 'option', what: `${clipNorm} is not a positive number`, where: { option: 'clipNorm' } })
  }
  if (!(optimizer instanceof tf.Optimizer)) return new OurRule(optimizer, learningRate, clipNorm)
  if (learningRate !== undefined) throw ownRate()
  if (clipNorm !== undefined) {
    const what = "one of TensorFlow.js's optimizers does not clip gradients"
    throw new KdError({ kind: 'option', what, where: { option: 'clipNorm' }, fix: 'Take adam, adamW or adadelta of this package.' })
  }
  return new TheirRule(optimizer)
}

const trainable = (model: LayersModel): tf.Variable[] => model.trainableWeights.map((weight) => weight.read() as tf.Variable)

/** All weights of the model with names that are told apart, and those that are trained. */
function namesOf(model: LayersModel) {
  const variables = model.weights.map((weight) => weight.read() as tf.Variable)
  // What stands before the last slash counts the layers that this process has made.
  const names = model.weights.map(({ originalName }, index) => `weight ${index} ${originalName.split('/').at(-1)}`)
  const trained = trainable(model)
  return { variables, names, trained: { variables: trained, names: trained.map((variable) => names[variables.indexOf(variable)]!) } }
}
