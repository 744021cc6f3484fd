import { createRoute } from '@hono/zod-openapi'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import { limitsAnswer, limitsParameters } from '../house-schemas.ts'
import type { AdminHouse } from '../index.ts'
import type { AdminApp, AdminParts } from '../parts.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/limits',
  summary: 'Limits, rule by rule: what is used, reserved and left, and how the store of the counters fares.',
  ...needs('viewer'),
  request: { query: limitsParameters },
  responses: { 200: jsonAnswer(limitsAnswer, 'The limits, now.'), ...commonAnswers },
})

export function addLimits(app: AdminApp, { house }: AdminParts): void {
  app.openapi(route, async c => {
    const { workload } = c.req.valid('query')
    if (workload !== undefined && !Object.hasOwn(house.workloads, workload)) throw unknown(house)
    const report = await house.limits()
    const rules = report.rules.filter(
      ({ workloads }) => workload === undefined || workloads === null || workloads.includes(workload),
    )
    return c.json({ ...report, currency: house.currency, rules }, 200)
  })
}

function unknown(house: AdminHouse): AdminError {
  const names = Object.keys(house.workloads).join(', ')
  return new AdminError('parameter_invalid', `Parameter "workload": there is no such workload. There are: ${names}.`, {
    param: 'workload',
  })
}
