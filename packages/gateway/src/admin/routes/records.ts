import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { callerKey } from '../../identity/caller.ts'
import type { LedgerReader } from '../../ledger/index.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { bodiesJson } from '../bodies.ts'
import { commonAnswers, jsonAnswer, needs, streamedJsonAnswer, unknownRecord } from '../document.ts'
import { AdminError } from '../errors.ts'
import { filterOf, present } from '../parameters.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { recordAnswer } from '../record-schema.ts'
import { bodiesAnswer, idParameters, listParameters, pageAnswer } from '../schemas.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/records',
  summary: 'Figures of exchanges, newest first, without bodies.',
  ...needs('viewer'),
  request: { query: listParameters },
  responses: { 200: jsonAnswer(pageAnswer, 'One page.'), ...commonAnswers },
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/records/{id}',
  summary: 'Figures of one exchange.',
  ...needs('viewer'),
  request: { params: idParameters },
  responses: { 200: jsonAnswer(recordAnswer, 'The record.'), 404: unknownRecord, ...commonAnswers },
})

const bodies = createRoute({
  method: 'get',
  path: '/api/v1/records/{id}/bodies',
  summary: 'What was asked and answered in one exchange. Each reading is logged.',
  ...needs('auditor'),
  request: { params: idParameters },
  responses: { 200: streamedJsonAnswer(bodiesAnswer, 'The bodies.'), 404: unknownRecord, ...commonAnswers },
})

export function addRecords(app: AdminApp, { ledger, log, questions }: AdminParts): void {
  const ask = <T>(c: Context<AdminEnv>, question: () => Promise<T>): Promise<T> =>
    questions.ask(callerKey(c.get('caller')), c.req.raw.signal, question)

  app.openapi(list, async c => {
    const { limit, before, ...filters } = c.req.valid('query')
    const query = { ...filterOf(filters), ...present({ limit, before }) }
    return c.json(await ask(c, () => ledger.list(query)), 200)
  })

  app.openapi(one, async c => c.json(await ask(c, () => rowOf(ledger, c.req.valid('param').id)), 200))

  app.openapi(bodies, async c => {
    const row = await ask(c, () => rowOf(ledger, c.req.valid('param').id))
    const kept = await ask(c, () => ledger.bodies(row.id))
    // Logged before the first byte is sent: the audit then also has readers that disconnect midway.
    log.info(
      { audit: true, caller: callerKey(c.get('caller')), record: row.id, requestId: c.get('requestId') },
      'bodies_read',
    )
    return c.body(ReadableStream.from(bodiesJson(row, kept)), 200, { 'content-type': 'application/json' })
  })
}

/** A record's id is a UUID, whose letters may be of either case (RFC 9562, section 4). */
async function rowOf(ledger: LedgerReader, id: string): Promise<RecordRow> {
  const row = await ledger.row(id.toLowerCase())
  if (row === null) {
    throw new AdminError(
      'record_unknown',
      'There is no record of this id; it may have been older than ledger.retain.records.',
    )
  }
  return row
}
