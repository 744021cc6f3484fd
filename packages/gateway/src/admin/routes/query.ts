import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { callerKey } from '../../identity/caller.ts'
import type { QueryAnswer, QueryBodies } from '../../ledger/query/index.ts'
import { querySchema } from '../../ledger/query/schema.ts'
import { commonAnswers, jsonAnswer, needs, streamedJsonAnswer } from '../document.ts'
import { AdminError } from '../errors.ts'
import type { AdminApp, AdminEnv, AdminParts } from '../parts.ts'
import { queryAnswer, queryBody, querySchemaAnswer } from '../query-schemas.ts'
import { Questions } from '../questions.ts'
import { requireReason } from '../reason.ts'

const query = createRoute({
  method: 'post',
  path: '/api/v1/query',
  summary: 'Answers a SELECT over the records. It changes nothing and is recorded with its text.',
  ...needs('viewer', 'developer'),
  request: { body: { required: true, content: { 'application/json': { schema: queryBody } } } },
  responses: { 200: streamedJsonAnswer(queryAnswer, 'The rows.'), ...commonAnswers },
})

const schema = createRoute({
  method: 'get',
  path: '/api/v1/query/schema',
  summary: 'Tables that queries read, their columns, and what each means.',
  ...needs('viewer', 'developer'),
  responses: { 200: jsonAnswer(querySchemaAnswer, 'The schema.'), ...commonAnswers },
})

/** Each query has a process of its own: two at once, of each reader one, whoever comes after them waits. */
const turns = { atOnce: 2, perReader: 3, waitMs: 20_000 }

export function addQuery(app: AdminApp, { ledger, desk }: AdminParts): void {
  const questions = new Questions(turns)

  app.openapi(query, async c => {
    const { sql, bodies, ...bounds } = c.req.valid('json')
    if (bodies !== undefined) requireAuditor(c)
    const { signal } = c.req.raw
    const workloads = c.get('visible')
    const work = (): Promise<QueryAnswer> =>
      questions.ask(callerKey(c.get('caller')), signal, () =>
        ledger.query({ sql, ...bounds, workloads, bodies: bodies === undefined ? null : dayOf(bodies) }, signal),
      )
    const { json } = await desk.change(c, {
      action: 'ledger_queried',
      facts: bodies === undefined ? bounds : { ...bounds, workload: bodies.workload, day: bodies.day },
      unlogged: { sql },
      work,
      result: ({ rows, truncated, elapsedMs }) => ({ rows, truncated, elapsedMs }),
    })
    return c.body(new Uint8Array(json), 200, { 'content-type': 'application/json' })
  })

  app.openapi(schema, c => c.json(querySchema, 200))
}

const dayMs = 86_400_000

function dayOf({ workload, day }: { readonly workload: string; readonly day: string }): QueryBodies {
  const fromMs = Date.parse(day)
  return { workload, fromMs, toMs: fromMs + dayMs }
}

/** Bodies are read by an auditor who says why. */
function requireAuditor(c: Context<AdminEnv>): void {
  if (!c.get('roles').includes('auditor')) {
    throw new AdminError('role_missing', 'A query of bodies needs the role auditor.', { param: 'bodies' })
  }
  requireReason(c)
}
