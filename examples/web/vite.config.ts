import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const policy = [
  "default-src 'none'",
  "connect-src 'self'",
  'img-src data:',
  // The runtime compiles WebAssembly; without the second word it computes in plain JavaScript.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Writes the service worker with the names of all files, and a version that changes with any of them. */
function offline(): Plugin {
  let publicDir = ''
  return {
    name: 'offline',
    apply: 'build',
    configResolved: (config) => void (publicDir = config.publicDir),
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: policy }, injectTo: 'head-prepend' },
    ],
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const hash = createHash('sha256')
        for (const part of Object.values(bundle)) hash.update(part.type === 'chunk' ? part.code : part.source)
        const kept = readdirSync(publicDir)
        for (const name of kept) hash.update(readFileSync(join(publicDir, name)))
        const files = ['./', ...Object.keys(bundle).filter((name) => name !== 'index.html'), ...kept]
        const source = readFileSync(here('./src/service-worker.js'), 'utf8')
          .replace('__VERSION__', hash.digest('hex').slice(0, 16))
          .replace('__FILES__', JSON.stringify(files))
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source })
      },
    },
  }
}

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: here('./out/public'),
  build: { outDir: here('./out/page'), emptyOutDir: true, target: 'es2022' },
  resolve: { conditions: ['@kd/source', 'module', 'browser', 'development|production'] },
  // For `vite` alone; a build says so itself.
  define: { __SEARCH__: String(existsSync(here('./out/public/questions.txt'))) },
  plugins: [offline()],
})
