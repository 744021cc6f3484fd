import { createRoute, z } from '@hono/zod-openapi'
import { auditCsv, auditCsvHead } from '../../audit/csv.ts'
import type { AuditEntry, AuditPage, AuditQuery, AuditTrail } from '../../audit/index.ts'
import { auditAnswer, auditExportParameters, auditParameters, verifiedAnswer } from '../audit-schemas.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { fileTime } from '../file-time.ts'
import { filterOf, present } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { streamed } from '../streamed.ts'

const path = '/api/v1/audit'

const list = createRoute({
  method: 'get',
  path,
  summary: 'The audit trail of the process that answers, newest entry first.',
  ...needs('auditor', 'admin'),
  request: { query: auditParameters },
  responses: { 200: jsonAnswer(auditAnswer, 'One page.'), ...commonAnswers },
})
const file = createRoute({
  method: 'get',
  path: `${path}/export`,
  summary: 'All entries that a filter selects, newest first, as a file. Texts of CSV are safe from spreadsheets.',
  ...needs('auditor', 'admin'),
  request: { query: auditExportParameters },
  responses: {
    200: {
      description: 'The file. An answer that breaks off is not whole.',
      content: { 'text/csv': { schema: z.string() }, 'application/jsonl': { schema: z.string() } },
    },
    ...commonAnswers,
  },
})
const verify = createRoute({
  method: 'get',
  path: `${path}/verify`,
  summary: 'Checks the chain of the trail from its first entry to its last, as gatehouse audit verify.',
  ...needs('auditor', 'admin'),
  responses: { 200: jsonAnswer(verifiedAnswer, 'Whether it is whole, and where it is not.'), ...commonAnswers },
})

const limitDefault = 100
const pageEntries = 500

const formats = {
  csv: { contentType: 'text/csv; charset=utf-8', head: auditCsvHead, line: auditCsv },
  jsonl: { contentType: 'application/jsonl', head: '', line: (entry: AuditEntry) => `${JSON.stringify(entry)}\n` },
} as const

export function addAudit(app: AdminApp, { audit, clock, log }: AdminParts): void {
  app.openapi(list, async c => {
    const { from, to, limit = limitDefault, ...equal } = c.req.valid('query')
    const { fromMs, toMs } = filterOf({ from, to })
    return c.json(await audit.list({ limit, ...present({ ...equal, fromMs, toMs }) }), 200)
  })

  app.openapi(file, async c => {
    const { format: name, from, to, ...equal } = c.req.valid('query')
    const { fromMs, toMs } = filterOf({ from, to })
    const query = { limit: pageEntries, ...present({ ...equal, fromMs, toMs }) }
    // The first page is read before the answer begins: what cannot be answered is still an error then.
    const first = await audit.list(query)
    const { contentType, head, line } = formats[name]
    const headers = {
      'content-type': contentType,
      'content-disposition': `attachment; filename="gatehouse-audit-${fileTime(clock())}.${name}"`,
    }
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    return c.body(streamed(c, log, bytesOf(pagesFrom(audit, first, query), head, line)), 200, headers)
  })

  app.openapi(verify, async c => c.json(await audit.verify(), 200))
}

/** Reads the next page when the reader has taken the one before. */
async function* pagesFrom(audit: AuditTrail, first: AuditPage, query: AuditQuery): AsyncGenerator<AuditPage> {
  for (let page = first; ; page = await audit.list({ ...query, before: page.next })) {
    yield page
    if (page.next === null) return
  }
}

async function* bytesOf(
  pages: AsyncGenerator<AuditPage>,
  head: string,
  line: (entry: AuditEntry) => string,
): AsyncGenerator<Uint8Array> {
  if (head !== '') yield Buffer.from(head)
  for await (const { entries } of pages) yield Buffer.from(entries.map(line).join(''))
}
