import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'

/** What a stranger would trip over in the tracked files: each rule gives the reason, or nothing. */
const rules: ((file: string, text: string, bytes: number) => string | undefined)[] = [
  function machinePath(file, text) {
    if (file === 'package-lock.json') return
    const found = /(?<![\w.~$}/-])\/(?:work|root|home|tmp|Users)\/[\w.-]+/.exec(text)
    return found ? `names a path of one machine: ${found[0]}` : undefined
  },
  function outsideData(file, text) {
    if (!/^(packages|examples|integrations|\.ci)\/|^README\.md$/.test(file)) return
    return /\.\.\/shared\b/.test(text) ? 'reads a folder outside the repository' : undefined
  },
  function lockedAddress(file, text) {
    if (!file.endsWith('package-lock.json')) return
    return text.includes('"resolved": "http')
      ? 'records download addresses, which .npmrc leaves out: write it again with npm install'
      : undefined
  },
  function longSource(file, text) {
    if (!/^packages\/.*\/src\/.*\.ts$/.test(file) || /\.test\.ts$|\/testing\//.test(file)) return
    const lines = text.split('\n').length - 1
    return lines > 400 ? `has ${lines} lines: is it still one subject?` : undefined
  },
  function largeFile(file, _, bytes) {
    return bytes > 5_000_000 && !file.startsWith('models/') ? `has ${bytes} bytes: large files belong in models/` : undefined
  },
  function unfinished(file, text) {
    if (!/\.[cm]?[jt]s$/.test(file) || file === 'tools/check-repository.ts') return
    const found = /\b(?:TODO|FIXME|XXX|HACK)\b|\bnot implemented\b|\b(?:it|test|describe)\.(?:skip|only|todo)\(/i.exec(text)
    return found ? `holds "${found[0]}": finish it or take it out` : undefined
  },
  function strayFile(file) {
    if (!/^packages\/[^/]+\/[^/]+$/.test(file)) return
    const known = ['LICENSE', 'NOTICE', 'OPS.md', 'README.md', 'package.json', 'tsconfig.json', 'tsdown.config.ts', 'vitest.config.ts']
    return known.includes(file.split('/')[2]!) ? undefined : 'lies where only a description of the package belongs'
  },
  function licenceCopy(file, text) {
    return file.endsWith('/LICENSE') && text !== readFileSync('LICENSE', 'utf8') && file.startsWith('packages/')
      ? 'differs from LICENSE'
      : undefined
  },
]

const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
  .split('\0')
  .filter((file) => existsSync(file) && statSync(file).isFile())
const found = files.flatMap((file) => {
  const { size } = statSync(file)
  const text = size > 5_000_000 ? '' : readFileSync(file, 'utf8')
  return rules.map((rule) => rule(file, text, size)).flatMap((reason) => (reason ? [`${file} ${reason}`] : []))
})
for (const line of found) console.error(line)
if (found.length > 0) process.exitCode = 1
