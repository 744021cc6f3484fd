import { createRoute } from '@hono/zod-openapi'
import { compileRules } from '../../identity/rules.ts'
import type { AdminApp, AdminParts } from '../app.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { whoamiAnswer } from '../schemas.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/whoami',
  summary: 'The caller, as the gateway sees it.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(whoamiAnswer, 'Identity, roles here, and workloads on the gateway.'), ...commonAnswers },
})

export function addWhoami(app: AdminApp, { house }: AdminParts): void {
  const workloads = Object.entries(house.workloads).map(([name, { callers }]) => ({
    name,
    admits: compileRules(callers),
  }))
  app.openapi(route, c => {
    const caller = c.get('caller')
    const { kind, tenantId, objectId, appId, displayName } = caller
    const names = workloads.filter(({ admits }) => admits(caller) !== null).map(({ name }) => name)
    return c.json(
      { caller: { kind, tenantId, objectId, appId, displayName }, roles: [...c.get('roles')], workloads: names },
      200,
    )
  })
}
