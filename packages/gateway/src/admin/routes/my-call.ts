import { setTimeout as pause } from 'node:timers/promises'
import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, needs, unknownRecord } from '../document.ts'
import { AdminError } from '../errors.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { myCallParameters } from '../playground-schemas.ts'
import { recordAnswer } from '../record-schema.ts'
import { idParameters } from '../schemas.ts'
import { isOwn } from '../visible.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/me/calls/{id}',
  summary: "Figures of one of the caller's own calls; waits for the end of one that is still running.",
  ...needs('caller'),
  request: { params: idParameters, query: myCallParameters },
  responses: { 200: jsonAnswer(recordAnswer, 'Its record, without bodies.'), 404: unknownRecord, ...commonAnswers },
})

export function addMyCall(app: AdminApp, { ledger, questions, tailPollMs, closing }: AdminParts): void {
  app.openapi(route, async c => {
    const caller = c.get('caller')
    const { waitSeconds = 0 } = c.req.valid('query')
    const id = c.req.valid('param').id.toLowerCase()
    const ends = AbortSignal.any([AbortSignal.timeout(waitSeconds * 1_000), c.req.raw.signal, closing])
    const ask = () => questions.ask(callerKey(caller), c.req.raw.signal, () => ledger.row(id))
    let row = await ask()
    while (row === null && waitSeconds > 0 && !ends.aborted) {
      // Rejects when `ends` is aborted; the loop's condition sees that.
      await pause(tailPollMs, undefined, { signal: ends }).catch(() => {})
      row = await ask()
    }
    // Nothing is said of the calls of others, not even that there are any.
    if (row === null || !isOwn(caller, row)) {
      throw new AdminError('record_unknown', 'You have no call of this id that has ended and whose record is kept.')
    }
    return c.json(row, 200)
  })
}
