import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** How a project's TypeScript finds modules, and which TypeScript it is there: the newest and an older one, so that both have read the types. */
const compilers = { nodenext: 'typescript7', bundler: 'typescript' } as const

export type Resolution = keyof typeof compilers

export const resolutions = Object.keys(compilers) as Resolution[]

/** What to install for `Project.compile`. */
export const compilerPackages = ['typescript@5.9.3', 'typescript7@npm:typescript@7.0.2', '@types/node@20']

/** A project of somebody who uses the packages: a folder of its own, outside this repository, with `main.ts` and `tsconfig.json`. */
export interface Project {
  folder: string
  /** Runs a program in the project; the arguments are not read by a shell. */
  run(command: string, args: readonly string[], env?: Record<string, string>): Promise<Finished>
  /** `npm install`, by name. Fails with npm's own words. */
  install(args: readonly string[], env?: Record<string, string>): Promise<void>
  /** What TypeScript says about `main.ts`: nothing where all is well. With `nodenext` it makes `main.js` too. */
  compile(resolution: Resolution): Promise<string>
  remove(): Promise<void>
}

/**
 * Makes a bare project from a folder of `consumers/`.
 * @param registry serves the packages of scope @kd; all others come from where this machine has them
 */
export async function makeProject(consumer: string, registry: string): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'kd-consumer-'))
  await cp(fileURLToPath(new URL(`../consumers/${consumer}`, import.meta.url)), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  await writeFile(join(folder, '.npmrc'), `@kd:registry=${registry}\n`)
  const run = (command: string, args: readonly string[], env: Record<string, string> = {}) => start(command, args, folder, env)
  return {
    folder,
    run,
    async install(args, env) {
      const { code, stdout, stderr } = await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...args], env)
      if (code !== 0) throw new Error(`npm install ${args.join(' ')} failed:\n${stdout}${stderr}`)
    },
    async compile(resolution) {
      const options =
        resolution === 'nodenext' ? ['--module', 'nodenext'] : ['--noEmit', '--module', 'preserve', '--moduleResolution', 'bundler']
      return (await run('node', [`node_modules/${compilers[resolution]}/bin/tsc`, ...options])).stdout
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Names of all packages that were installed, at whatever depth, sorted. */
export async function installedPackages({ folder }: Project): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(folder, 'node_modules', '.package-lock.json'), 'utf8'))
  return Object.keys(packages)
    .map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    .sort()
}

// npm hands this repository's settings to what it runs; a user's project has only those of the user.
const ours = /^(npm_(?!config_)|npm_config_(ignore_scripts|local_prefix)$|NODE_|VITEST|KD_)/i
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))

function start(command: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
