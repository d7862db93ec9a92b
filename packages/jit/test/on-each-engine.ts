import { afterAll, beforeEach, type RunnerTestCase, type RunnerTestSuite } from 'vitest'
import { useEngine } from '../src/engines/bound.ts'
import type { EngineName } from '../src/engines/engine.ts'
import { notOn } from './not-on.ts'

// For `KD_TEST_ENGINE`: what asks for no engine by itself has that one, too.
const name = process.env.KD_TEST_ENGINE as EngineName
await useEngine({ name, threads: 1 })

const fileOf = ({ filepath = '' }: { filepath?: string }) => filepath.replaceAll('\\', '/').split('/src/').at(-1)!
const fullName = (test: RunnerTestCase): string => {
  const names = [test.name]
  for (let suite = test.suite; suite; suite = suite.suite) names.unshift(suite.name)
  return names.join(' ')
}
const testsOf = ({ tasks }: RunnerTestSuite): RunnerTestCase[] => tasks.flatMap((task) => (task.type === 'suite' ? testsOf(task) : [task]))

const tests = notOn[name]
if (tests) {
  let file: RunnerTestSuite['file'] | undefined
  beforeEach(({ task, skip }) => {
    file = task.file
    const [, reason] = Object.entries(tests[fileOf(task.file)] ?? {}).find(([begin]) => fullName(task).startsWith(begin)) ?? []
    if (reason !== undefined) skip(reason)
  })
  afterAll(() => {
    if (!file) return
    const names = testsOf(file).map(fullName)
    const stale = Object.keys(tests[fileOf(file)] ?? {}).filter((begin) => !names.some((name) => name.startsWith(begin)))
    if (stale.length > 0) throw new Error(`not-on.ts names tests that are not there: ${stale.join(', ')}`)
  })
}
