import { createRoute } from '@hono/zod-openapi'
import { auditAnswer, auditParameters } from '../audit-schemas.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { filterOf, present } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'

const list = createRoute({
  method: 'get',
  path: '/api/v1/audit',
  summary: 'The audit trail of the process that answers, newest entry first.',
  ...needs('auditor', 'admin'),
  request: { query: auditParameters },
  responses: { 200: jsonAnswer(auditAnswer, 'One page.'), ...commonAnswers },
})

const limitDefault = 100

export function addAudit(app: AdminApp, { audit }: AdminParts): void {
  app.openapi(list, async c => {
    const { from, to, limit = limitDefault, ...equal } = c.req.valid('query')
    const { fromMs, toMs } = filterOf({ from, to })
    return c.json(await audit.list({ limit, ...present({ ...equal, fromMs, toMs }) }), 200)
  })
}
