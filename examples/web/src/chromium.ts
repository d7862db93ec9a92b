import { existsSync } from 'node:fs'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The browser that tests take: `KD_CHROMIUM`, or one where systems have it. Undefined where there is none. */
export function chromium(): string | undefined {
  return process.env.KD_CHROMIUM ?? places.find((place) => existsSync(place))
}
