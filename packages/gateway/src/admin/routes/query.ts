import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { QueryAnswer } from '../../ledger/query/index.ts'
import { querySchema } from '../../ledger/query/schema.ts'
import { commonAnswers, jsonAnswer, needs, streamedJsonAnswer } from '../document.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { queryAnswer, queryBody, querySchemaAnswer } from '../query-schemas.ts'
import { Questions } from '../questions.ts'

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
    const { sql, ...bounds } = c.req.valid('json')
    const { signal } = c.req.raw
    const workloads = c.get('visible')
    const work = (): Promise<QueryAnswer> =>
      questions.ask(callerKey(c.get('caller')), signal, () => ledger.query({ sql, ...bounds, workloads }, signal))
    const { json } = await desk.change(c, {
      action: 'ledger_queried',
      facts: bounds,
      unlogged: { sql },
      work,
      result: ({ rows, truncated, elapsedMs }) => ({ rows, truncated, elapsedMs }),
    })
    return c.body(new Uint8Array(json), 200, { 'content-type': 'application/json' })
  })

  app.openapi(schema, c => c.json(querySchema, 200))
}
