import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { uuidV7 } from '../../ids.ts'
import type { HoldFilter } from '../../ledger/privacy/index.ts'
import { commonAnswers, jsonAnswer, jsonBody, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import { filterOf } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { keyOfCaller, requireWorkload } from '../person.ts'
import { holdAnswer, holdBody, holdsAnswer, idParameters } from '../privacy-schemas.ts'
import { errorAnswer } from '../schemas.ts'

const path = '/api/v1/records/holds'

const list = createRoute({
  method: 'get',
  path,
  summary: 'Legal holds: records that neither retention nor an erasure removes.',
  ...needs('custodian', 'eraser', 'auditor', 'admin'),
  responses: { 200: jsonAnswer(holdsAnswer, 'The holds of this ledger.'), ...commonAnswers },
})
const add = createRoute({
  method: 'post',
  path,
  summary: 'Sets a legal hold on the records that a filter selects, those to come included. Recorded.',
  ...needs('custodian'),
  request: { body: jsonBody(holdBody) },
  responses: {
    200: jsonAnswer(holdAnswer, 'The hold.'),
    404: jsonAnswer(errorAnswer, 'No such caller, or no such workload.'),
    ...commonAnswers,
  },
})
const remove = createRoute({
  method: 'post',
  path: `${path}/{id}/remove`,
  summary: 'Lifts a legal hold. Retention then deletes what is too old at its next look. Recorded.',
  ...needs('custodian'),
  request: { params: idParameters },
  responses: {
    200: jsonAnswer(holdAnswer, 'The hold that was lifted.'),
    404: jsonAnswer(errorAnswer, 'No such hold.'),
    ...commonAnswers,
  },
})

export function addHolds(app: AdminApp, { ledger, house, desk, clock }: AdminParts): void {
  const newId = uuidV7(clock)

  app.openapi(list, c => c.json({ holds: [...ledger.holds.list()] }, 200))

  app.openapi(add, async c => {
    const { caller, workload = null, from, to, reason } = c.req.valid('json')
    const { fromMs = null, toMs = null } = filterOf({ from, to })
    if ((caller ?? workload ?? fromMs ?? toMs) === null) {
      const message = 'Name a "caller", a "workload", "from" or "to": a hold without any would be on every record.'
      throw new AdminError('parameter_invalid', message, { param: 'caller' })
    }
    await requireWorkload({ ledger, house }, workload)
    const key = caller === undefined ? null : await keyOfCaller(ledger, caller)
    const hold = { id: newId(), caller: key, workload, fromMs, toMs, reason, by: callerKey(c.get('caller')) }
    const facts = { hold: hold.id, ...factsOf(hold) }
    const work = async () => {
      const set = { ...hold, atMs: clock() }
      await ledger.holds.add(set)
      return set
    }
    return c.json(await desk.change(c, { action: 'hold_set', facts, unlogged: { why: reason }, work }), 200)
  })

  app.openapi(remove, async c => {
    const { id } = c.req.valid('param')
    const work = async () => {
      const removed = await ledger.holds.remove(id)
      if (removed !== null) return removed
      throw new AdminError('hold_unknown', 'There is no such hold. gatehouse records hold list shows those there are.')
    }
    return c.json(await desk.change(c, { action: 'hold_lifted', facts: { hold: id }, work, result: factsOf }), 200)
  })
}

function factsOf({ caller, workload, fromMs, toMs }: HoldFilter) {
  return { caller, workload, from: timeOf(fromMs), to: timeOf(toMs) }
}

const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
