const none = '-'

/** A share as hundredths with one decimal: a metric of 0.8731 is `87.3`. */
export const hundredths = (share: number): string => (100 * share).toFixed(1)

/** Mean of the values as hundredths, with their standard deviation where there are several. */
export function meanAndSpread(values: readonly number[]): string {
  const mean = meanOf(values)
  if (values.length < 2) return hundredths(mean)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return `${hundredths(mean)} ± ${hundredths(Math.sqrt(variance))}`
}

export const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Whole numbers with commas: `3,000`. */
export const thousands = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')

/** A number to three digits, without an exponent. */
export function digits(value: number): string {
  const rounded = Number(value.toPrecision(3))
  return rounded >= 100 ? thousands(rounded) : rounded.toFixed(rounded >= 10 ? 1 : 2)
}

/** `962 k`, `33.4 M`. */
export const parameterCount = (count: number | undefined): string => scaled(count, ['', ' k', ' M', ' G'])

/** `812 kB`, `34.3 MB`: decimal units. */
export const byteCount = (bytes: number | undefined): string => scaled(bytes, [' B', ' kB', ' MB', ' GB'])

export const milliseconds = (ms: number | undefined): string => (ms === undefined ? none : digits(ms))

/** How many times: `17.1x`; exactly one is `1x`. */
export const times = (ratio: number | undefined): string =>
  ratio === undefined || !Number.isFinite(ratio) ? none : `${ratio === 1 ? 1 : digits(ratio)}x`

/** A share of the gap: `64 %`. */
export const percent = (share: number | undefined): string =>
  share === undefined || !Number.isFinite(share) ? none : `${Math.round(100 * share) || 0} %`

/** Seconds as `48 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

function scaled(value: number | undefined, units: readonly string[]): string {
  if (value === undefined) return none
  let unit = 0
  while (Number(value.toPrecision(3)) >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))}${units[unit]}`
}
