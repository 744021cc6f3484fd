import { createRoute } from '@hono/zod-openapi'
import type { LimitsReport } from '../../limits/index.ts'
import type { ReplicaFigures, ReplicasReport } from '../../replicas/index.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import { type LimitsAnswer, limitsAnswer, limitsParameters } from '../house-schemas.ts'
import type { AdminHouse } from '../index.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { replicaFacts } from '../replica-schemas.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/limits',
  summary: 'Limits, rule by rule: what is used, reserved and left, and the state of the store of the counters.',
  ...needs('viewer'),
  request: { query: limitsParameters },
  responses: { 200: jsonAnswer(limitsAnswer, 'The limits, now.'), ...commonAnswers },
})

export function addLimits(app: AdminApp, { house }: AdminParts): void {
  app.openapi(route, async c => {
    const { workload } = c.req.valid('query')
    if (workload !== undefined && !Object.hasOwn(house.workloads, workload)) throw unknown(house)
    const [report, replicas] = await Promise.all([house.limits(), house.replicas()])
    const rules = report.rules.filter(
      ({ workloads }) => workload === undefined || workloads === null || workloads.includes(workload),
    )
    return c.json(limitsOf(house, { ...report, rules }, replicas), 200)
  })
}

/** The answer of the route, of reports that were read together. */
export function limitsOf(house: AdminHouse, report: LimitsReport, replicas: ReplicasReport): LimitsAnswer {
  const others = replicas.replicas.filter(({ isSelf, status }) => !isSelf && status === 'alive')
  const waiting = others.reduce((sum, { figures }) => sum + (figures?.limits.waiting ?? 0), report.waiting)
  const shared = replicaFacts(replicas, figures => ({ limits: ownLimits(figures) }))
  return { ...report, rules: [...report.rules], waiting, currency: house.currency, ...shared }
}

function ownLimits(figures: ReplicaFigures | null) {
  return figures === null ? null : { ...figures.limits, rules: [...figures.limits.rules] }
}

function unknown(house: AdminHouse): AdminError {
  const names = Object.keys(house.workloads).join(', ')
  return new AdminError('parameter_invalid', `Parameter "workload": there is no such workload. There are: ${names}.`, {
    param: 'workload',
  })
}
