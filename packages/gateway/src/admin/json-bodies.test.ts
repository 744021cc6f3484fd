import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { answerOf } from './errors.ts'
import { type JsonBytesMax, jsonBodies } from './json-bodies.ts'
import { attach } from './listener.ts'
import { parameterError } from './parameters.ts'
import type { AdminEnv, AdminParts } from './parts.ts'

const table: JsonBytesMax = { 'POST /sum': 64 }

const sumRoute = createRoute({
  method: 'post',
  path: '/sum',
  request: {
    body: {
      required: true,
      content: {
        'application/json': { schema: z.strictObject({ of: z.array(z.number()), by: z.number().optional() }) },
      },
    },
  },
  responses: { 200: { description: 'The sum.', content: { 'application/json': { schema: z.number() } } } },
})

interface Sent {
  readonly path?: string
  readonly type?: string
  readonly pieces: readonly string[]
  readonly announced?: boolean
  /** False for a client that never ends its body. */
  readonly ends?: boolean
}

/** A listener with one route that takes a body and one that does not. */
async function listening(t: TestContext) {
  const app = new OpenAPIHono<AdminEnv>({
    defaultHook: (result, c) => {
      if (!result.success) throw parameterError(result.target, result.error, c.req.queries())
    },
  })
  app.onError((thrown, c) => {
    const { status, body } = answerOf(thrown)
    return c.json(body, status)
  })
  app.use('*', jsonBodies(table))
  app.openapi(sumRoute, c => {
    const { of, by = 1 } = c.req.valid('json')
    return c.json(
      of.reduce((sum, one) => sum + one * by, 0),
      200,
    )
  })
  app.post('/other', c => c.text('ok'))
  const server = createServer()
  const desk: AdminParts['desk'] = Object.create(null)
  attach(server, { app, desk, host: '127.0.0.1', publicHost: () => null, newId: () => 'id', jsonBytesMax: table })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async ({ path = '/sum', type = 'application/json', pieces, announced = true, ends = true }: Sent) => {
    const length = Buffer.byteLength(pieces.join(''))
    const headers = {
      ...(type === '' ? {} : { 'content-type': type }),
      ...(announced ? { 'content-length': length } : { 'transfer-encoding': 'chunked' }),
    }
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers })
    for (const piece of pieces) sent.write(piece)
    if (ends) sent.end()
    const [answer] = await once(sent, 'response')
    let text = ''
    for await (const piece of answer.setEncoding('utf8')) text += piece
    return { status: answer.statusCode, body: JSON.parse(text) }
  }
}

test('a route that takes a body reads JSON, announced or in chunks', async t => {
  const send = await listening(t)
  assert.deepEqual(await send({ pieces: ['{"of":[1,2],"by":3}'] }), { status: 200, body: 9 })
  assert.deepEqual(await send({ pieces: ['{"of":', '[1', ',2]}'], announced: false }), { status: 200, body: 3 })
  const typed = { type: 'application/json; charset=utf-8', pieces: ['{"of":[4]}'] }
  assert.deepEqual(await send(typed), { status: 200, body: 4 })
})

test('a body that is too long, no JSON or of another kind is refused in words', async t => {
  const send = await listening(t)
  const long = `{"of":[${'1,'.repeat(40)}1]}`
  const cases: readonly (readonly [Sent, number, string, RegExp])[] = [
    [{ pieces: [long] }, 413, 'body_too_long', /longer than 64 bytes/],
    [{ pieces: [long], announced: false }, 413, 'body_too_long', /longer than 64 bytes/],
    [{ pieces: [long], announced: false, ends: false }, 413, 'body_too_long', /longer than 64 bytes/],
    [{ pieces: ['{"of":[1'] }, 400, 'body_malformed', /not valid JSON/],
    [{ pieces: [''] }, 400, 'body_malformed', /not valid JSON/],
    [{ pieces: ['{"of":[1]}'], type: 'text/plain' }, 415, 'body_not_json', /application\/json/],
    [{ pieces: ['{"of":[1]}'], type: '' }, 415, 'body_not_json', /application\/json/],
    [{ pieces: ['{"of":[1]}'], type: 'application/jsonx' }, 415, 'body_not_json', /application\/json/],
    [{ pieces: ['{"of":[1,"2"]}'] }, 400, 'parameter_invalid', /Member "of\.1" of the body: /],
    [{ pieces: ['{"of":[1],"as":1}'] }, 400, 'parameter_invalid', /Member "as" of the body: is not known/],
    [{ pieces: ['[1]'] }, 400, 'parameter_invalid', /^The body: /],
    [{ path: '/other', pieces: ['{}'] }, 413, 'body_not_taken', /No body is taken here/],
    [{ path: '/sum/', pieces: ['{}'], announced: false }, 413, 'body_not_taken', /No body is taken here/],
  ]
  for (const [sent, status, code, message] of cases) {
    const answer = await send(sent)
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], JSON.stringify(sent))
    assert.match(answer.body.error.message, message)
  }
})
