import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { present } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { searchAnswer, searchParameters } from '../schemas.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/records/search',
  summary: 'Records of one workload and day whose bodies say a text. Each search is logged.',
  ...needs('auditor'),
  request: { query: searchParameters },
  responses: {
    200: jsonAnswer(searchAnswer, 'What was found, as far as the search came; `next` says where to go on.'),
    ...commonAnswers,
  },
})

export function addSearch(app: AdminApp, { ledger, log, questions }: AdminParts): void {
  app.openapi(route, async c => {
    const { day, ignoreCase, text, workload, ...rest } = c.req.valid('query')
    const query = { text, workload, dayMs: Date.parse(day), ignoreCase: ignoreCase === 'true', ...present(rest) }
    const reader = callerKey(c.get('caller'))
    // The text may be what a prompt says, so the log does not have it. Logged before the search: it may take seconds.
    log.info({ audit: true, caller: reader, workload, day, requestId: c.get('requestId') }, 'bodies_searched')
    return c.json(await questions.ask(reader, c.req.raw.signal, () => ledger.search(query)), 200)
  })
}
