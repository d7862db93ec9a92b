import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { expect, it } from 'vitest'
import type { BrowserReport } from './testing/browser-page.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const found = [process.env.KD_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
)

/** The page's script with everything that it imports, as a bundler of a user would make it. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here('testing/browser-page.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['@kd/source', 'browser'],
    // TensorFlow.js's wasm backend asks for them on its way in Node.
    external: ['node:*', 'fs', 'path', 'worker_threads', 'perf_hooks', 'os', 'crypto', 'util', 'string_decoder'],
    define: { 'process.env.KD_TEST_ENGINE': '"onnxruntime-web"' },
    logLevel: 'error',
  })
  return outputFiles[0]!.text
}

it('every op, a training and a file in Chromium', async ({ skip }) => {
  if (!found && process.env.KD_REQUIRE_BROWSER !== '1')
    return skip('no Chromium: KD_CHROMIUM names none; KD_REQUIRE_BROWSER=1 makes that a failure')
  expect(found, 'KD_REQUIRE_BROWSER=1, and there is no Chromium').toBeDefined()
  const script = await bundle()
  const runtime = here('../../../node_modules/onnxruntime-web/dist/')
  const server = createServer(async (request, response) => {
    const name = basename(new URL(request.url!, 'http://localhost').pathname)
    const types: Record<string, string> = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' }
    response.setHeader('content-type', types[name.split('.').at(-1)!] ?? 'text/html')
    if (name === 'page.js') response.end(script)
    else if (name.startsWith('ort-wasm')) response.end(await readFile(runtime + name))
    else response.end('<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({ executablePath: found!, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    const printed: string[] = []
    page.on('console', (message) => printed.push(message.text()))
    page.on('pageerror', (error) => printed.push(String(error)))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction('globalThis.runInBrowser').catch(() => {})
    const report = (await page.evaluate('globalThis.runInBrowser()').catch((error: unknown) => {
      throw new Error(`${error}; the page printed ${printed.join('\n')}`)
    })) as BrowserReport
    expect(report.info).toMatchObject({ name: 'onnxruntime-web', graphs: true, native: false })
    expect(report.failures).toEqual([])
    expect(report.rows).toBeGreaterThan(200)
    expect(report.losses.at(-1)!).toBeLessThan(report.losses[0]! * 0.8)
    expect(report.predicted).toBe(true)
    expect(printed).toEqual([])
  } finally {
    await browser.close()
    server.close()
  }
})
