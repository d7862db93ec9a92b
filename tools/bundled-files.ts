import { build } from 'esbuild'

/**
 * The files that a bundle of one entry holds: `all` with its dynamic imports, and `atOnce`, those that are loaded with
 * the entry.
 */
export async function bundledFiles(entry: string): Promise<{ all: string[]; atOnce: string[] }> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    splitting: true,
    outdir: 'out',
    format: 'esm',
    platform: 'node',
    conditions: ['@kd/source'],
    logLevel: 'silent',
  })
  const atOnce = new Set<string>()
  const load = (chunk: string): void => {
    const { inputs, imports } = metafile.outputs[chunk]!
    for (const file of Object.keys(inputs)) atOnce.add(file)
    for (const { path, kind } of imports) if (kind !== 'dynamic-import' && path in metafile.outputs) load(path)
  }
  load(Object.keys(metafile.outputs).find((chunk) => metafile.outputs[chunk]!.entryPoint?.endsWith(entry.slice(entry.lastIndexOf('/'))))!)
  return { all: Object.keys(metafile.inputs), atOnce: [...atOnce] }
}
