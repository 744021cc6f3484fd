import { createRoute } from '@hono/zod-openapi'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { ledgerAnswer } from '../schemas.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/ledger',
  summary: 'State of the ledger: whether it can write records, and what was lost.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(ledgerAnswer, 'The ledger, now.'), ...commonAnswers },
})

export function addLedger(app: AdminApp, { ledger }: AdminParts): void {
  app.openapi(route, async c => c.json(await ledger.health(), 200))
}
