import { build } from 'esbuild'

/** Every file that a bundle of one entry holds, dynamic imports and their packages included. */
export async function bundledFiles(entry: string): Promise<string[]> {
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
  return Object.keys(metafile.inputs)
}
