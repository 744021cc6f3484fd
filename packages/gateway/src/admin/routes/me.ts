import { setImmediate as turn } from 'node:timers/promises'
import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { RuleReport } from '../../limits/index.ts'
import { connectionOf, gatewayOf } from '../connect.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { meAnswer, meSeriesParameters } from '../me-schemas.ts'
import { filterOf } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { seriesAnswer } from '../series-schemas.ts'
import { ordered } from '../usage-order.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/me',
  summary:
    "The caller's own use: calls, tokens and cost of this month, limits left, workloads and how programs reach them.",
  ...needs('caller'),
  responses: { 200: jsonAnswer(meAnswer, 'What the gateway knows of the caller, without bodies.'), ...commonAnswers },
})

const seriesRoute = createRoute({
  method: 'get',
  path: '/api/v1/me/series',
  summary: "The caller's own calls, tokens, cost and times over time, as /api/v1/series gives them.",
  ...needs('caller'),
  request: { query: meSeriesParameters },
  responses: {
    200: jsonAnswer(seriesAnswer, 'The steps that have calls, and the sums of the period.'),
    ...commonAnswers,
  },
})

const callsShown = 20

export function addMe(app: AdminApp, parts: AdminParts): void {
  addOwnUse(app, parts)
  addOwnSeries(app, parts)
}

function addOwnUse(app: AdminApp, { ledger, house, questions, clock }: AdminParts): void {
  app.openapi(route, async c => {
    const caller = c.get('caller')
    const key = callerKey(caller)
    const ask = <T>(question: () => Promise<T>): Promise<T> => questions.ask(key, c.req.raw.signal, question)
    const fromMs = beginOfMonth(clock())
    const usage = await ask(() => ledger.usage({ by: ['workload', 'model'], callerKey: key, fromMs }))
    const calls = await ask(() => ledger.list({ callerKey: key, limit: callsShown }))
    const bound = c.get('bound')
    const { rules } = await house.limits()
    const answer = {
      month: { fromMs, usage: ordered(usage) },
      calls,
      limits: rules.filter(rule => concerns(rule, key, bound)),
      currency: house.currency,
      workloads: bound.map(name => connectionOf(house, name)),
      ...gatewayOf(house),
    }
    return c.json(answer, 200)
  })
}

function addOwnSeries(app: AdminApp, { ledger, questions, clock }: AdminParts): void {
  app.openapi(seriesRoute, async c => {
    const { step, tz, by = null, top, ...filters } = c.req.valid('query')
    const key = callerKey(c.get('caller'))
    const to = filters.to ?? new Date(clock()).toISOString()
    const { fromMs = 0, toMs = 0, ...filter } = filterOf({ ...filters, to })
    const query = { ...filter, callerKey: key, fromMs, toMs, step, timeZone: tz, by, top }
    const series = await questions.ask(key, c.req.raw.signal, () => ledger.series(query))
    await turn()
    return c.json(series, 200)
  })
}

function beginOfMonth(nowMs: number): number {
  const now = new Date(nowMs)
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth())
}

/** True for a rule that the caller's calls meet; of one that counts callers or workloads apart, for their own line. */
function concerns({ subject, workloads }: RuleReport, key: string, bound: readonly string[]): boolean {
  if (subject !== null) return subject === key || bound.includes(subject)
  return bound.length > 0 && (workloads === null || workloads.some(name => bound.includes(name)))
}
