const marker = Symbol.for('@kd/error')

/**
 * What went wrong, told apart for programs:
 * - `option`: an option or argument is out of range or contradicts another
 * - `data`: a data file or example is malformed (file, line, column)
 * - `format`: a model file is malformed, truncated or of an unknown version
 * - `missing`: a file, folder, package or tensor is not there
 * - `mismatch`: two things that must agree do not (labels of data and teacher, config and weights)
 * - `io`: the disk or network failed
 * - `engine`: an engine can't run, or refuses, an operation
 * - `teacher`: the teacher's answers are unusable (NaN, near chance)
 * - `numeric`: a loss or weight became NaN or infinite
 * - `aborted`: the caller's signal asked to stop
 */
export type KdErrorKind = 'option' | 'data' | 'format' | 'missing' | 'mismatch' | 'io' | 'engine' | 'teacher' | 'numeric' | 'aborted'

/** Where it went wrong; `line` and `column` count from 1, `column` is a header's name or a number. */
export interface KdErrorPlace {
  file?: string
  line?: number
  column?: number | string
  tensor?: string
  option?: string
}

export interface KdErrorFacts {
  kind: KdErrorKind
  /** What was wrong, with the value found and the value expected: one sentence without a full stop. */
  what: string
  where?: KdErrorPlace
  /** What to do about it: one sentence, a command where there is one. */
  fix?: string
  cause?: unknown
}

/** The only error that @kd packages throw on purpose. Its message is made of `what`, `where` and `fix`. */
export class KdError extends Error {
  override readonly name = 'KdError'
  readonly kind: KdErrorKind
  readonly what: string
  readonly where: KdErrorPlace
  readonly fix: string | undefined

  constructor({ kind, what, where = {}, fix, cause }: KdErrorFacts) {
    super(message(what, where, fix), cause === undefined ? undefined : { cause })
    this.kind = kind
    this.what = what
    this.where = where
    this.fix = fix
    Object.defineProperty(this, marker, { value: true })
  }

  /** True for a KdError, of the given kind if one is given, whichever copy of the package made it. */
  static isInstance(error: unknown, kind?: KdErrorKind): error is KdError {
    return (
      typeof error === 'object' && error !== null && marker in error && (kind === undefined || (error as { kind?: unknown }).kind === kind)
    )
  }
}

function message(what: string, { file, line, column, tensor, option }: KdErrorPlace, fix: string | undefined): string {
  const position = [file, line, column].filter((part) => part !== undefined).join(':')
  const place = [option && `option ${option}`, tensor && `tensor ${tensor}`, position].filter(Boolean).join(', ')
  return `${what}${place ? ` (${place})` : ''}.${fix ? ` ${fix}` : ''}`
}

/** Throws a KdError of kind `aborted` once the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KdError({ kind: 'aborted', what: 'stopped on request', cause: signal.reason })
}
