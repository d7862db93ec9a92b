import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load, type RuntimeStudent } from '@kd/runtime'
import { type Browser, type BrowserContext, chromium as launcher, type Page } from 'playwright-core'
import { type PreviewServer, preview } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPage, configFile, defaultStudent, foundPairs } from './build.ts'
import { chromium } from './chromium.ts'
import { contributions } from './contributions.ts'
import { type Known, readQuestions, search } from './questions.ts'
import { saveTinyPairs, saveTinyStudent } from './tiny-student.ts'

/** Browsers of a busy machine take their time. */
const poll = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 10_000 })
const required = process.env.KD_REQUIRE_BROWSER === '1'
const executablePath = chromium()

test('a browser is there, where one is required', () => {
  if (required) expect(executablePath, 'Install Chromium (apt-get install chromium), or name one in KD_CHROMIUM.').toBeDefined()
})

describe.runIf(executablePath)('the page in Chromium', { timeout: 120_000 }, () => {
  const text = "A warm film, isn't it? Xyzzy"
  let folder: string
  let server: PreviewServer
  let url: string
  let browser: Browser
  let student: RuntimeStudent
  let pairs: RuntimeStudent
  let known: Known
  let context: BrowserContext
  let page: Page
  const trouble: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kd-web-'))
    // Where the screenshots are looked at, a student that has learned something.
    let saved = defaultStudent
    if (!required || !existsSync(saved)) await saveTinyStudent((saved = join(folder, 'saved')))
    let questions = required ? foundPairs() : undefined
    if (questions === undefined) await saveTinyPairs((questions = join(folder, 'pairs')))
    const outDir = await buildPage(saved, folder, questions)
    student = await load(await readFile(join(outDir, 'model.safetensors')))
    pairs = await load(await readFile(join(outDir, 'pairs.safetensors')))
    known = await readQuestions(pairs, (await readFile(join(outDir, 'questions.txt'), 'utf8')).trim().split('\n'))
    server = await preview({ configFile, build: { outDir }, preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' })
    url = server.resolvedUrls!.local[0]!
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    browser = await launcher.launch({ executablePath: executablePath!, args })
    ;({ context, page } = await open({}))
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await server.close()
    await rm(folder, { recursive: true })
  })

  async function open(options: Parameters<Browser['newContext']>[0]): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({ viewport: { width: 900, height: 900 }, reducedMotion: 'reduce', ...options })
    const page = await context.newPage()
    page.on('console', (message) => void (message.type() === 'error' && trouble.push(message.text())))
    page.on('pageerror', (error) => void trouble.push(error.message))
    page.on('request', (request) => void (request.url().startsWith(url) || trouble.push(`asked ${request.url()}`)))
    await page.goto(url)
    await page.getByText('works offline').waitFor()
    return { context, page }
  }

  const box = (page: Page) => page.getByRole('textbox', { name: 'Your text' })

  /** What the page says to the text that stands in it. */
  async function expectAnswer(page: Page, text: string): Promise<void> {
    const { label, probability } = student.predict(text)
    const region = page.getByRole('region', { name: 'It says' })
    await poll(() => region.textContent()).toContain(label)
    const shown = Number.parseFloat((await region.locator('#probability').textContent())!)
    expect(Math.abs(shown - 100 * probability)).toBeLessThan(0.51)
    const words = await page.getByRole('region', { name: 'Because of' }).getByRole('listitem').allInnerTexts()
    const parts = words.map((item) => item.split(/\s+/))
    const wanted = contributions(student, text)
    expect(parts.map(([word]) => word)).toEqual(wanted.map(({ word }) => word))
    for (const [index, [, number]] of parts.entries()) {
      expect(Math.abs(Number(number!.replace('−', '-')) - wanted[index]!.effect)).toBeLessThan(0.051)
    }
  }

  const questionBox = (page: Page) => page.getByRole('searchbox', { name: 'Your question' })

  /** What the page finds for the question that stands in it. */
  async function expectFound(page: Page, question: string): Promise<void> {
    const wanted = search(pairs, known, question)
    const list = page.getByRole('list', { name: 'Nearest questions' }).getByRole('listitem')
    await poll(() => list.locator('.question').allInnerTexts()).toEqual(wanted.map(({ question }) => question))
    const shown = (await list.locator('.probability').allInnerTexts()).map((text) => Number.parseFloat(text))
    for (const [at, percent] of shown.entries()) expect(Math.abs(percent - 100 * wanted[at]!.probability)).toBeLessThan(0.51)
  }

  test('type: label, probability, each word, time', async () => {
    await box(page).pressSequentially(text)
    await expectAnswer(page, text)
    expect(await page.locator('.word.unknown').allInnerTexts()).toContain('xyzzy')
    expect(await page.getByRole('contentinfo').textContent()).toMatch(/answered in [\d.]+ ms, words in [\d.]+ ms.*\d\.\d\d MB/s)
    await box(page).fill('')
    await poll(() => page.getByRole('region', { name: 'It says' }).count()).toBe(0)
  })

  test('search: the nearest questions, and the time; nothing for nothing', async () => {
    await questionBox(page).pressSequentially('how do I learn chess?')
    await expectFound(page, 'how do I learn chess?')
    const region = page.getByRole('region', { name: 'Search by meaning' })
    expect(await region.textContent()).toMatch(/among [\d,]+ questions.*Compared with all in [\d.]+ ms/s)
    await poll(() => page.getByRole('status').textContent()).toMatch(/^Nearest, [\d.]+ %: ./)
    await questionBox(page).fill('')
    await poll(() => page.getByRole('list', { name: 'Nearest questions' }).count()).toBe(0)
  })

  test('keyboard: from the text to an example, and Enter takes it', async () => {
    await box(page).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => document.activeElement!.textContent)
    await page.keyboard.press('Enter')
    expect(await box(page).inputValue()).toBe(focused)
    await expectAnswer(page, focused!)
    await questionBox(page).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    await expectFound(page, await questionBox(page).inputValue())
    await questionBox(page).fill('')
  })

  test('screen reader: names, roles, and the answer spoken once the typing rests', async () => {
    await box(page).fill(text)
    const { label } = student.predict(text)
    const spoken = page.getByRole('status')
    await poll(() => spoken.textContent()).toMatch(new RegExp(`^${label}, [\\d.]+ %\\. Strongest words: `))
    expect(await page.getByRole('heading').allInnerTexts()).toEqual(['A student in a page', 'It says', 'Because of', 'Search by meaning'])
  })

  test.each(['light', 'dark'] as const)('%s: no finding of axe, from a phone to a desk; a screenshot', async (colorScheme) => {
    for (const width of [360, 900]) {
      const opened = await open({ colorScheme, viewport: { width, height: 900 } })
      await box(opened.page).fill(required ? 'Not the warmest film, but so clever that I called my mother.' : text)
      await opened.page.getByRole('region', { name: 'Because of' }).waitFor()
      await questionBox(opened.page).fill('what would be a good way to learn italian?')
      await opened.page.getByRole('list', { name: 'Nearest questions' }).waitFor()
      // As a debugger does it: the page's own policy lets no script in.
      const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      await opened.page.evaluate(axe)
      const findings = await opened.page.evaluate(async () => {
        const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
        const { violations } = await axe.run()
        return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))
      })
      expect(findings).toEqual([])
      const wide = await opened.page.evaluate(() => document.documentElement.scrollWidth)
      expect(wide).toBeLessThanOrEqual(width)
      await mkdir(screenshots, { recursive: true })
      await opened.page.screenshot({ path: join(screenshots, `${colorScheme}-${width}.png`), fullPage: true })
      await opened.context.close()
    }
  })

  test('offline: after the first load the page opens and answers without a network', async () => {
    const opened = await open({})
    await opened.context.setOffline(true)
    await opened.page.reload()
    await box(opened.page).fill(text)
    await expectAnswer(opened.page, text)
    await questionBox(opened.page).fill('is chess hard?')
    await expectFound(opened.page, 'is chess hard?')
    await opened.context.close()
  })

  test('a student that does not arrive: the page says so', async () => {
    const context = await browser.newContext({ serviceWorkers: 'block' })
    const page = await context.newPage()
    await page.route('**/model.safetensors', (route) => route.fulfill({ status: 404 }))
    await page.goto(url)
    await poll(() => page.getByRole('alert').textContent()).toContain('answered with 404')
    await context.close()
  })

  test('no error in the console, no request to anybody else', async () => {
    expect(trouble).toEqual([])
    await context.close()
  })
})

interface Violation {
  id: string
  nodes: { html: string; failureSummary?: string }[]
}

const screenshots = fileURLToPath(new URL('../out/screenshots', import.meta.url))
