import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { RuleReport } from '../../limits/index.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import type { AdminHouse } from '../index.ts'
import { meAnswer } from '../me-schemas.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { ordered } from '../usage-order.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/me',
  summary:
    "The caller's own use: calls, tokens and cost of this month, limits left, workloads and how programs reach them.",
  ...needs('caller'),
  responses: { 200: jsonAnswer(meAnswer, 'What the gateway knows of the caller, without bodies.'), ...commonAnswers },
})

const callsShown = 20

export function addMe(app: AdminApp, { ledger, house, questions, clock }: AdminParts): void {
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
      gateway: house.gatewayUrl,
      workloads: bound.map(name => connection(house, name)),
      audiences: [...house.audiences],
    }
    return c.json(answer, 200)
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

function connection({ workloads }: AdminHouse, name: string) {
  const { targets = [], deployments = [] } = workloads[name] ?? {}
  return {
    name,
    targets: targets.map(target => ({ name: target, path: `/${target}/${name}` })),
    deployments: [...deployments],
  }
}
