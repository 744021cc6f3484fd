import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { filterOf, present } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { callersAnswer, callersParameters, errorsAnswer, errorsParameters } from '../people-schemas.ts'
import { within } from '../visible.ts'

const callers = createRoute({
  method: 'get',
  path: '/api/v1/callers',
  summary: 'All callers: kind, workloads, calls, tokens, cost, errors, the last call, and roles where known.',
  ...needs('viewer', 'developer'),
  request: { query: callersParameters },
  responses: {
    200: jsonAnswer(callersAnswer, 'A page of callers, in the order that was asked for.'),
    ...commonAnswers,
  },
})

const errors = createRoute({
  method: 'get',
  path: '/api/v1/errors',
  summary: 'How calls ended badly, by outcome, code and status, and how often each.',
  ...needs('viewer', 'developer'),
  request: { query: errorsParameters },
  responses: { 200: jsonAnswer(errorsAnswer, 'Kinds of errors, most calls first.'), ...commonAnswers },
})

export function addPeople(app: AdminApp, { ledger, questions, rolesOfKey }: AdminParts): void {
  app.openapi(callers, async c => {
    const { search, kind, order, limit, before: after, ...filters } = c.req.valid('query')
    const query = { ...within(c.get('visible'), filterOf(filters)), ...present({ search, kind, after }), order, limit }
    const page = await questions.ask(callerKey(c.get('caller')), c.req.raw.signal, () => ledger.callers(query))
    const known = page.callers.map(caller => ({
      ...caller,
      workloads: [...caller.workloads],
      costs: [...caller.costs],
      roles: rolesOfKey(caller.key),
    }))
    return c.json({ ...page, callers: known }, 200)
  })

  app.openapi(errors, async c => {
    const filter = within(c.get('visible'), filterOf(c.req.valid('query')))
    const lines = await questions.ask(callerKey(c.get('caller')), c.req.raw.signal, () => ledger.errors(filter))
    return c.json({ errors: [...lines] }, 200)
  })
}
