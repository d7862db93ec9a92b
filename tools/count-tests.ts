import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Adds up what every workspace's vitest counted, and says it in one line. */
const workspaces = [
  'integrations',
  ...['packages', 'models', 'examples'].flatMap((group) => readdirSync(group).map((name) => `${group}/${name}`)),
]
const results = workspaces.map((folder) => `${folder}/.vitest/results.json`).filter((file) => existsSync(file))
const sum = { passed: 0, failed: 0, skipped: 0 }
for (const file of results) {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(file, 'utf8'))
  sum.passed += numPassedTests
  sum.failed += numFailedTests
  sum.skipped += numPendingTests
}
if (sum.passed === 0) throw new Error('no test ran')
console.log(`tests: ${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`)
