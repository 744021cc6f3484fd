import { createRoute } from '@hono/zod-openapi'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import type { AdminApp } from '../parts.ts'
import { whoamiAnswer } from '../schemas.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/whoami',
  summary: 'The caller, as the gateway sees it.',
  ...needs('caller'),
  responses: { 200: jsonAnswer(whoamiAnswer, 'Identity, roles here, and workloads on the gateway.'), ...commonAnswers },
})

export function addWhoami(app: AdminApp): void {
  app.openapi(route, c => {
    const { kind, tenantId, objectId, appId, displayName } = c.get('caller')
    const caller = { kind, tenantId, objectId, appId, displayName }
    return c.json(
      { caller, roles: [...c.get('roles')], workloads: [...c.get('bound')], session: c.get('session') },
      200,
    )
  })
}
