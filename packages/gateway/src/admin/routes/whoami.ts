import { createRoute } from '@hono/zod-openapi'
import type { Config } from '../../config/schema/index.ts'
import { compileRules } from '../../identity/rules.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { whoamiAnswer } from '../schemas.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/whoami',
  summary: 'The caller, as the gateway sees it.',
  ...needs('caller'),
  responses: { 200: jsonAnswer(whoamiAnswer, 'Identity, roles here, and workloads on the gateway.'), ...commonAnswers },
})

export function addWhoami(app: AdminApp, { house }: AdminParts): void {
  const bindings = lastPrepared(prepareBindings)
  app.openapi(route, c => {
    const caller = c.get('caller')
    const { kind, tenantId, objectId, appId, displayName } = caller
    const workloads = bindings(house.workloads).flatMap(({ name, admits }) => (admits(caller) === null ? [] : [name]))
    return c.json(
      { caller: { kind, tenantId, objectId, appId, displayName }, roles: [...c.get('roles')], workloads },
      200,
    )
  })
}

function prepareBindings(workloads: Config['workloads']) {
  return Object.entries(workloads).map(([name, { callers }]) => ({ name, admits: compileRules(callers) }))
}

/** Prepares again only when it gets another object, that is after a reload. */
function lastPrepared<From, Result>(prepare: (from: From) => Result): (from: From) => Result {
  let last: { readonly from: From; readonly result: Result } | null = null
  return from => {
    if (last?.from !== from) last = { from, result: prepare(from) }
    return last.result
  }
}
