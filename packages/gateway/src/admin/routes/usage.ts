import { setImmediate as turn } from 'node:timers/promises'
import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { filterOf } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { usageAnswer, usageParameters } from '../schemas.ts'
import { ordered } from '../usage-order.ts'
import { within } from '../visible.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/usage',
  summary: 'Calls and tokens, broken down as asked.',
  ...needs('viewer', 'developer'),
  request: { query: usageParameters },
  responses: {
    200: jsonAnswer(usageAnswer, 'One line per combination of the dimensions, and the total.'),
    ...commonAnswers,
  },
})

export function addUsage(app: AdminApp, { ledger, questions, clock }: AdminParts): void {
  app.openapi(route, async c => {
    const { by, tz, ...filters } = c.req.valid('query')
    const filter = within(c.get('visible'), filterOf(filters))
    const zone = tz === 'UTC' ? {} : { timeZone: tz, fromMs: filter.fromMs ?? 0, toMs: filter.toMs ?? clock() }
    const query = { by, ...filter, ...zone }
    const report = await questions.ask(callerKey(c.get('caller')), c.req.raw.signal, () => ledger.usage(query))
    // Each of the three steps takes up to 40 ms for a report of 20,000 lines: calls of the gateway run in between.
    await turn()
    const answer = ordered(report)
    await turn()
    return c.json(answer, 200)
  })
}
