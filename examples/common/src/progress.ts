import type { OnProgress, ProgressEvent } from '@kd/core'
import { Presets, SingleBar } from 'cli-progress'

/** Shows progress events on a terminal: one bar a stage with rate and time left; elsewhere one line when a stage ends. */
export function showProgress(): { onProgress: OnProgress; stop(): void } {
  let bar: SingleBar | undefined
  let shown = ''
  let last: ProgressEvent | undefined
  const terminal = process.stderr.isTTY === true

  const stop = () => {
    bar?.stop()
    bar = undefined
    if (!terminal && last) console.error(`${shown.padEnd(24)} ${last.done} ${last.unit} in ${last.seconds.toFixed(1)} s`)
    last = undefined
    shown = ''
  }

  const onProgress: OnProgress = (event) => {
    const name = [event.stage, event.name].filter(Boolean).join(' ')
    if (name !== shown) {
      stop()
      shown = name
      if (terminal) {
        bar = new SingleBar(
          {
            format: '{name} {bar} {done}/{all} {unit}  {rate}/s  {left}  {figures}',
            hideCursor: true,
            fps: 8,
            etaAsynchronousUpdate: false,
          },
          Presets.shades_classic,
        )
        bar.start(event.total ?? event.done, event.done, payload(name, event))
      }
    }
    last = event
    bar?.setTotal(event.total ?? event.done)
    bar?.update(event.done, payload(name, event))
  }
  return { onProgress, stop }
}

function payload(name: string, { done, total, unit, seconds, figures = {} }: ProgressEvent) {
  // What a stopped run had stored before took no time of this one.
  const rate = seconds > 0 ? (done - (figures.stored ?? 0)) / seconds : 0
  const left = total && rate ? `${Math.ceil((total - done) / rate)} s left` : ''
  const shown = Object.entries(figures).flatMap(([key, value]) =>
    value === 0 ? [] : `${key} ${Number.isInteger(value) ? value : value.toFixed(3)}`,
  )
  return {
    name: name.padEnd(20),
    done,
    all: total ?? '?',
    unit,
    rate: rate >= 10 ? Math.round(rate) : rate.toFixed(1),
    left,
    figures: shown.join(' '),
  }
}
