import * as tf from '@tensorflow/tfjs-core'

/** A kernel as TensorFlow.js ran it. */
export interface KernelCall {
  readonly kernel: string
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype: tf.DataType } | undefined>>
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface Observed {
  readonly calls: readonly KernelCall[]
  /** The kernels that each gradient ran, by the kernel whose gradient it is. */
  readonly gradients: ReadonlyMap<string, ReadonlySet<string>>
}

/** Kernels with a gradient, of all that have a name. */
export function gradientNames(): string[] {
  const names = [...Object.values<unknown>({ ...tf }).filter((value) => typeof value === 'string'), ...cpuKernels()] as string[]
  return [...new Set(names)].filter((name) => tf.getGradient(name) !== undefined).sort()
}

export const cpuKernels = (): string[] =>
  tf
    .getKernelsForBackend('cpu')
    .map(({ kernelName }) => kernelName)
    .sort()

/** Notes which kernels TensorFlow.js's cpu backend runs while `body` does, and which of them for which gradient. */
export function observe(body: () => void): Observed {
  const calls: KernelCall[] = []
  const gradients = new Map<string, Set<string>>()
  let current: string | undefined
  const kernels = tf.getKernelsForBackend('cpu')
  const gradientConfigs = gradientNames().map((name) => tf.getGradient(name))
  for (const config of kernels) {
    replaceKernel(config, {
      ...config,
      kernelFunc: (given) => {
        const { inputs, attrs } = given
        const facts = Object.entries(inputs).map(([name, info]) => [name, info && { shape: info.shape, dtype: info.dtype }])
        calls.push({ kernel: config.kernelName, inputs: Object.fromEntries(facts), attributes: { ...attrs } })
        if (current !== undefined) gradients.get(current)!.add(config.kernelName)
        return config.kernelFunc(given)
      },
    })
  }
  for (const config of gradientConfigs) {
    const { kernelName } = config
    tf.unregisterGradient(kernelName)
    tf.registerGradient({
      ...config,
      gradFunc: (...given) => {
        if (!gradients.has(kernelName)) gradients.set(kernelName, new Set())
        const outer = current
        const during =
          <T>(fn: () => T) =>
          () => {
            current = kernelName
            try {
              return fn()
            } finally {
              current = outer
            }
          }
        const derivatives = during(() => config.gradFunc(...given))()
        return Object.fromEntries(Object.entries(derivatives).map(([input, derivative]) => [input, during(derivative)]))
      },
    })
  }
  try {
    body()
  } finally {
    for (const config of kernels) replaceKernel(config, config)
    for (const config of gradientConfigs) {
      tf.unregisterGradient(config.kernelName)
      tf.registerGradient(config)
    }
  }
  return { calls, gradients }
}

function replaceKernel({ kernelName, backendName }: tf.KernelConfig, config: tf.KernelConfig): void {
  tf.unregisterKernel(kernelName, backendName)
  tf.registerKernel(config)
}
