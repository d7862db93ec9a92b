import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Bytes after minifying and gzip of one entry with all that is loaded at once with it, and of each chunk that may be loaded later. */
export async function bundledSize(entry: string): Promise<{ atOnce: number; later: Record<string, number> }> {
  const later: string[] = []
  const bundle = async (file: string, seen: readonly string[]) => {
    const { outputFiles } = await build({
      entryPoints: [file],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      conditions: ['@kd/source'],
      logLevel: 'silent',
      plugins: [
        {
          name: 'later',
          setup(build) {
            build.onResolve({ filter: /.*/ }, async ({ path, kind, resolveDir, pluginData }) => {
              if (kind !== 'dynamic-import' || pluginData === 'inner') return undefined
              const found = await build.resolve(path, { kind, resolveDir, pluginData: 'inner' })
              if (!seen.includes(found.path)) later.push(found.path)
              return { path: found.path, external: true }
            })
          },
        },
      ],
    })
    return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
  }
  const atOnce = await bundle(entry, [])
  const files = [...new Set(later)]
  return {
    atOnce,
    later: Object.fromEntries(await Promise.all(files.map(async (file) => [file.split('/').at(-1)!, await bundle(file, files)]))),
  }
}
