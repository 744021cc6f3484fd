import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { present } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { requireReason } from '../reason.ts'
import { searchAnswer, searchParameters } from '../search-schemas.ts'
import { within } from '../visible.ts'

const search = createRoute({
  method: 'get',
  path: '/api/v1/records/search',
  summary: "Looks for a text in the bodies of one workload's day. Each search is logged.",
  ...needs('auditor', 'developer'),
  request: { query: searchParameters },
  responses: { 200: jsonAnswer(searchAnswer, 'What was found in the time that a search has.'), ...commonAnswers },
})

const dayMs = 86_400_000

export function addSearch(app: AdminApp, { ledger, desk, questions }: AdminParts): void {
  app.openapi(search, async c => {
    const { day, text, workload, ...page } = c.req.valid('query')
    const fromMs = Date.parse(day)
    // A developer finds what was said in their own calls.
    const isAuditor = c.get('roles').includes('auditor')
    if (isAuditor) requireReason(c)
    const own = isAuditor ? {} : { caller: callerKey(c.get('caller')) }
    const { workload: searched = workload } = within(c.get('visible'), { workload })
    const query = { text, workload: searched, fromMs, toMs: fromMs + dayMs, ...present(page), ...own }
    const { signal } = c.req.raw
    const caller = callerKey(c.get('caller'))
    const found = await questions.ask(caller, signal, () => ledger.search(query, signal))
    // The text is not recorded: it may be what someone said. The records of which something is shown are.
    const records = [...new Set(found.hits.map(({ id }) => id))]
    await desk.note(c, 'bodies_searched', { workload, day, records })
    return c.json(found, 200)
  })
}
