import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Manifest {
  name: string
  version: string
  exports: Record<string, string | { '@kd/source': string; types: string; default: string }>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

export interface PackedPackage {
  folder: string
  manifest: Manifest
  /** Path of the packed file. */
  file: string
  /** Names of all that it holds. */
  contents: readonly string[]
  bytes: number
  integrity: string
}

/** Folder and manifest of every package that is published, weights left out. */
export function publishedPackages(): { folder: string; manifest: Manifest }[] {
  return readdirSync(join(root, 'packages')).map((name) => {
    const folder = join(root, 'packages', name)
    return { folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }
  })
}

/** Packs every published package as `npm publish` would, into `place`. */
export async function packAll(place: string): Promise<PackedPackage[]> {
  const packages = publishedPackages()
  for (const { folder, manifest } of packages) requireBuild(folder, manifest)
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--json', '--pack-destination', place, ...packages.flatMap(({ manifest }) => ['--workspace', manifest.name])],
    { cwd: root, maxBuffer: 2 ** 26 },
  )
  const packed: { name: string; filename: string; integrity: string; size: number; files: { path: string }[] }[] = JSON.parse(stdout)
  return packages.map((one) => {
    const { filename, integrity, size, files } = packed.find(({ name }) => name === one.manifest.name)!
    return { ...one, file: join(place, filename), contents: files.map(({ path }) => path), bytes: size, integrity }
  })
}

/** A test of what users get is worth nothing without the build: say so instead of passing. */
function requireBuild(folder: string, { name, exports }: Manifest): void {
  const built = new Set(readdirSync(join(folder, 'dist'), { recursive: true }).map((file) => `./dist/${file}`))
  for (const entry of Object.values(exports)) {
    if (typeof entry !== 'string' && !built.has(entry.default))
      throw new Error(`${name} lacks ${entry.default}: run \`npm run build\` first`)
  }
}
