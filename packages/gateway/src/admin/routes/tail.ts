import { setTimeout as pause } from 'node:timers/promises'
import { createRoute } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { LedgerReader } from '../../ledger/index.ts'
import type { RecordsPage, RecordsQuery } from '../../ledger/reports.ts'
import { allowedCheckMs, whileAllowed } from '../allowed.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import { filterOf, present } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { errorAnswer, pageAnswer, tailParameters, tailWaitSecondsMax } from '../schemas.ts'
import { within } from '../visible.ts'

/** Each waiting tail reads from the store twice a second; the store can easily take this many. */
const tailsMax = 32
/** Tails of one reader, so that at least four readers can have some. */
const readersTailsMax = 8

const route = createRoute({
  method: 'get',
  path: '/api/v1/records/tail',
  summary: 'Records that came after a cursor, oldest first; waits for the first one.',
  ...needs('viewer', 'developer'),
  request: { query: tailParameters },
  responses: {
    200: jsonAnswer(pageAnswer, 'What came; empty when nothing did in time. Go on with its `cursor`.'),
    ...commonAnswers,
    429: jsonAnswer(errorAnswer, `${tailsMax} tails are waiting, or ${readersTailsMax} of this reader.`),
  },
})

export function addTail(app: AdminApp, { ledger, tailPollMs, closing }: AdminParts): void {
  let waiting = 0
  const byReader = new Map<string, number>()
  app.openapi(route, async c => {
    const { waitSeconds = tailWaitSecondsMax, after, limit, ...filters } = c.req.valid('query')
    const query = { ...within(c.get('visible'), filterOf(filters)), ...present({ limit }), after } as RecordsQuery & {
      after: string
    }
    if (waiting >= tailsMax) {
      throw new AdminError('tails_exhausted', `${tailsMax} tails are waiting already. Try again in a few seconds.`)
    }
    const reader = callerKey(c.get('caller'))
    const own = byReader.get(reader) ?? 0
    if (own >= readersTailsMax) {
      throw new AdminError('tails_exhausted', `${readersTailsMax} tails of yours are waiting already. End one of them.`)
    }
    waiting++
    byReader.set(reader, own + 1)
    const over = new AbortController()
    try {
      const isOver = [AbortSignal.timeout(waitSeconds * 1_000), c.req.raw.signal, closing, over.signal]
      const ends = whileAllowed(c, AbortSignal.any(isOver), Math.min(allowedCheckMs, 2 * tailPollMs))
      return c.json(await follow(ledger, query, tailPollMs, ends), 200)
    } finally {
      over.abort()
      waiting--
      const left = (byReader.get(reader) ?? 1) - 1
      if (left > 0) byReader.set(reader, left)
      else byReader.delete(reader)
    }
  })
}

/** Reads from the ledger until there is a record after the cursor or `ends` is aborted; reads at least once. */
async function follow(
  ledger: LedgerReader,
  query: RecordsQuery & { after: string },
  pollMs: number,
  ends: AbortSignal,
): Promise<RecordsPage> {
  let page = await ledger.list(query)
  while (page.records.length === 0 && !ends.aborted) {
    // Rejects when `ends` is aborted; the loop's condition sees that.
    await pause(pollMs, undefined, { signal: ends }).catch(() => {})
    // The cursor moves past records that the filter leaves out, so they are not read again.
    page = await ledger.list({ ...query, after: page.cursor })
  }
  return page
}
