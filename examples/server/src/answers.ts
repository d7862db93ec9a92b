import type { FastifyError, FastifyReply } from 'fastify'
import { limits } from './schema.ts'

/** An error as every client meets it. */
export function refuse(reply: FastifyReply, status: number, what: string, fix: string, where?: string): FastifyReply {
  return reply.code(status).send({ error: { what, ...(where && { where }), fix } })
}

const example = '{"text": "..."} or {"texts": ["...", "..."]}'
const byCode: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['the content is not JSON', `Send ${example} with content-type: application/json.`],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['the body is empty', `Send ${example}.`],
  FST_ERR_CTP_INVALID_JSON_BODY: ['the body is not JSON', `Send ${example}.`],
  FST_ERR_CTP_BODY_TOO_LARGE: [`the body has more than ${limits.bytes} bytes`, 'Send fewer texts at a time.'],
}
const byKeyword: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  type: ['it has another type than the schema says', `Send ${example}; GET /schema has the schema.`],
  minProperties: ['it has neither text nor texts', `Send ${example}.`],
  maxProperties: ['it has text and texts', `Send one of them: ${example}.`],
  minItems: ['it holds no text', 'Send at least one.'],
  maxItems: [`it holds more than ${limits.texts} texts`, 'Send them in several requests.'],
  maxLength: [`it has more than ${limits.characters} characters`, 'Cut it: a student reads the first words alone.'],
}

/** What Fastify found wrong with a request, in the form of `refuse`; anything else is the server's own fault. */
export function refuseInvalid(error: FastifyError, reply: FastifyReply): FastifyReply {
  const [failed] = error.validation ?? []
  if (failed) {
    if (failed.keyword === 'additionalProperties') {
      return refuse(reply, 400, `it knows no ${failed.params.additionalProperty}`, `Send ${example}.`, 'body')
    }
    const [what, fix] = byKeyword[failed.keyword] ?? [failed.message ?? 'it does not fit the schema', 'GET /schema has the schema.']
    return refuse(reply, 400, what, fix, `body${failed.instancePath}`)
  }
  const status = error.statusCode ?? 500
  if (status >= 500) {
    reply.log.error(error)
    return refuse(reply, 500, 'the server failed', 'Try again; if it stays so, the log of the server says why.')
  }
  const [what, fix] = byCode[error.code] ?? [error.message, `Send ${example}.`]
  return refuse(reply, status, what, fix)
}
