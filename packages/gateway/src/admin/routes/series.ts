import { setImmediate as turn } from 'node:timers/promises'
import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { filterOf } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { seriesAnswer, seriesParameters } from '../series-schemas.ts'
import { within } from '../visible.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/series',
  summary: 'Calls, tokens, cost and times over time, step by step, and broken down by one dimension.',
  ...needs('viewer', 'developer'),
  request: { query: seriesParameters },
  responses: {
    200: jsonAnswer(seriesAnswer, 'The steps that have calls, and the sums of the period.'),
    ...commonAnswers,
  },
})

export function addSeries(app: AdminApp, { ledger, questions, clock }: AdminParts): void {
  app.openapi(route, async c => {
    const { step, tz, by = null, top, ...filters } = c.req.valid('query')
    const to = filters.to ?? new Date(clock()).toISOString()
    const { fromMs = 0, toMs = 0, ...filter } = filterOf({ ...filters, to })
    const query = { ...within(c.get('visible'), filter), fromMs, toMs, step, timeZone: tz, by, top }
    const series = await questions.ask(callerKey(c.get('caller')), c.req.raw.signal, () => ledger.series(query))
    // Up to 2,000 points are written as JSON in one step: calls of the gateway run before it.
    await turn()
    return c.json(series, 200)
  })
}
