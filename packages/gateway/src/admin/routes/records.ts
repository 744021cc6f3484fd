import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { callerKey } from '../../identity/caller.ts'
import type { LedgerReader } from '../../ledger/index.ts'
import type { Kept, RecordRow } from '../../ledger/record.ts'
import { bodiesJson } from '../bodies.ts'
import { commonAnswers, jsonAnswer, needs, streamedJsonAnswer, unknownRecord } from '../document.ts'
import { AdminError } from '../errors.ts'
import { filterOf, present } from '../parameters.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { requireReason } from '../reason.ts'
import { recordAnswer } from '../record-schema.ts'
import { bodiesAnswer, costAnswer, idParameters, keptAnswer, listParameters, pageAnswer } from '../schemas.ts'
import { streamed } from '../streamed.ts'
import { isOwn, isVisible, within } from '../visible.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/records',
  summary: 'Figures of calls, newest first, without bodies.',
  ...needs('viewer', 'developer'),
  request: { query: listParameters },
  responses: { 200: jsonAnswer(pageAnswer, 'One page.'), ...commonAnswers },
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/records/{id}',
  summary: 'Figures of one exchange.',
  ...needs('viewer', 'developer'),
  request: { params: idParameters },
  responses: { 200: jsonAnswer(recordAnswer, 'The record.'), 404: unknownRecord, ...commonAnswers },
})

const bodies = createRoute({
  method: 'get',
  path: '/api/v1/records/{id}/bodies',
  summary: 'What was asked and answered in one call. Each reading is logged.',
  ...needs('auditor', 'developer'),
  request: { params: idParameters },
  responses: { 200: streamedJsonAnswer(bodiesAnswer, 'The bodies.'), 404: unknownRecord, ...commonAnswers },
})

const kept = createRoute({
  method: 'get',
  path: '/api/v1/records/{id}/kept',
  summary: 'Which bodies of a call there are, and why there are no others. No body is shown.',
  ...needs('viewer', 'developer'),
  request: { params: idParameters },
  responses: { 200: jsonAnswer(keptAnswer, 'Which there are.'), 404: unknownRecord, ...commonAnswers },
})

const cost = createRoute({
  method: 'get',
  path: '/api/v1/records/{id}/cost',
  summary: 'The cost of one call, line by line, with the price of each kind of token.',
  ...needs('viewer', 'developer'),
  request: { params: idParameters },
  responses: { 200: jsonAnswer(costAnswer, 'The cost.'), 404: unknownRecord, ...commonAnswers },
})

export function addRecords(app: AdminApp, { ledger, desk, questions, house, log }: AdminParts): void {
  const ask = <T>(c: Context<AdminEnv>, question: () => Promise<T>): Promise<T> =>
    questions.ask(callerKey(c.get('caller')), c.req.raw.signal, question)

  app.openapi(list, async c => {
    const { limit, before, id, ...filters } = c.req.valid('query')
    const query = { ...within(c.get('visible'), filterOf(filters)), ...present({ limit, before, idPart: id }) }
    return c.json(await ask(c, () => ledger.list(query)), 200)
  })

  app.openapi(one, async c => c.json(await ask(c, () => visibleRow(c, ledger, c.req.valid('param').id)), 200))

  app.openapi(cost, async c => {
    const row = await ask(c, () => visibleRow(c, ledger, c.req.valid('param').id))
    const found = house.costLines(row)
    return c.json({ cost: row.cost, share: found?.share ?? null, lines: found === null ? null : [...found.lines] }, 200)
  })

  app.openapi(kept, async c => {
    const row = await ask(c, () => visibleRow(c, ledger, c.req.valid('param').id))
    const found = (await ask(c, () => ledger.keptBodies(row.id))) ?? noBodies
    return c.json({ id: row.id, request: found.request, response: keptAnswerOf(row, found.response) }, 200)
  })

  app.openapi(bodies, async c => {
    const row = await ask(c, () => visibleRow(c, ledger, c.req.valid('param').id))
    requireReader(c, row)
    const kept = await ask(c, () => ledger.bodies(row.id))
    // Recorded before the first byte is sent: the audit then also has readers that disconnect midway.
    await desk.note(c, 'bodies_read', { record: row.id })
    return c.body(streamed(c, log, bodiesJson(row, kept)), 200, { 'content-type': 'application/json' })
  })
}

/** Of a record that was deleted between two questions. */
const noBodies = { request: 'none', response: 'none' } as const

/** The gateway's own answers are never kept as bodies: the record has their words. */
function keptAnswerOf({ outcome, message }: RecordRow, response: Kept): Kept | 'answered_here' {
  const isOwn = outcome === 'refused' || message !== null
  return isOwn && response !== 'kept' && response !== 'none' ? 'answered_here' : response
}

/** A record's id is a UUID, whose letters may be of either case (RFC 9562, section 4). */
export async function visibleRow(c: Context<AdminEnv>, ledger: LedgerReader, id: string): Promise<RecordRow> {
  const row = await ledger.row(id.toLowerCase())
  // A developer learns nothing of records of other workloads, not even that they exist.
  if (row === null || !isVisible(c.get('visible'), row)) {
    throw new AdminError('record_unknown', 'There is no record of this id. It may be older than ledger.retain.records.')
  }
  return row
}

/** An auditor reads the bodies of others and says why; everybody who may ask reads those of their own calls. */
function requireReader(c: Context<AdminEnv>, row: RecordRow): void {
  if (isOwn(c.get('caller'), row)) return
  if (c.get('roles').includes('auditor')) {
    requireReason(c)
    return
  }
  const message = 'As a developer you read the bodies of your own calls. The role auditor reads those of others.'
  throw new AdminError('role_missing', message)
}
