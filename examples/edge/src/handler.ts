import type { RuntimeStudent } from '@kd/runtime'

export const limits = {
  /** Characters of a text. */
  characters: 10_000,
  /** Texts of a request. */
  texts: 64,
  /** Bytes of a request. */
  bytes: 200_000,
} as const

class Refused extends Error {
  readonly status: number

  constructor(status: number, what: string) {
    super(what)
    this.status = status
  }
}

/**
 * Answers `GET /predict?text=...` and `POST /predict` with `{"text": "..."}` or `{"texts": [...]}`. Nothing but the web's
 * own `Request` and `Response`: it runs wherever there are these.
 */
export async function handle(
  request: Request,
  student: () => Promise<Pick<RuntimeStudent, 'predict' | 'predictBatch'>>,
): Promise<Response> {
  try {
    const input = await inputOf(request)
    const loaded = await student()
    return Response.json(typeof input === 'string' ? loaded.predict(input) : { predictions: loaded.predictBatch(input) })
  } catch (error) {
    if (error instanceof Refused) return Response.json({ error: error.message }, { status: error.status })
    return Response.json({ error: 'the worker failed' }, { status: 500 })
  }
}

async function inputOf(request: Request): Promise<string | string[]> {
  const url = new URL(request.url)
  if (url.pathname !== '/predict') throw new Refused(404, 'there is /predict alone')
  if (request.method === 'GET') return textOf(url.searchParams.get('text'), 'GET /predict?text=...')
  if (request.method !== 'POST') throw new Refused(405, 'it takes GET and POST')
  const { text, texts } = await bodyOf(request)
  if (texts === undefined) return textOf(text, '{"text": "..."} or {"texts": ["...", "..."]}')
  if (text !== undefined) throw new Refused(400, 'it takes text or texts, not both')
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > limits.texts) {
    throw new Refused(400, `texts is not an array of 1 to ${limits.texts} texts`)
  }
  return texts.map((text, index) => textOf(text, `a string as texts[${index}]`))
}

async function bodyOf(request: Request): Promise<{ text?: unknown; texts?: unknown }> {
  if (Number(request.headers.get('content-length')) > limits.bytes) throw new Refused(413, `the body has more than ${limits.bytes} bytes`)
  const body = await request.text()
  if (body.length > limits.bytes) throw new Refused(413, `the body has more than ${limits.bytes} bytes`)
  try {
    return Object(JSON.parse(body))
  } catch {
    throw new Refused(400, 'the body is not JSON')
  }
}

function textOf(text: unknown, form: string): string {
  if (typeof text !== 'string') throw new Refused(400, `it takes ${form}`)
  if (text.length > limits.characters) throw new Refused(400, `a text has more than ${limits.characters} characters`)
  return text
}
