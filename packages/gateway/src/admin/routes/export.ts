import { setImmediate as turn } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { recordCsv, recordCsvHead } from '../../ledger/record-csv.ts'
import type { RecordsPage, RecordsQuery } from '../../ledger/reports.ts'
import { commonAnswers, needs } from '../document.ts'
import { filterOf } from '../parameters.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { filterParameters } from '../schemas.ts'
import { within } from '../visible.ts'

interface Format {
  readonly contentType: string
  readonly head: string
  readonly line: (row: RecordRow) => string
}

const formats = {
  csv: { contentType: 'text/csv; charset=utf-8', head: recordCsvHead, line: recordCsv },
  jsonl: { contentType: 'application/jsonl', head: '', line: row => `${JSON.stringify(row)}\n` },
} as const satisfies Record<string, Format>

const route = createRoute({
  method: 'get',
  path: '/api/v1/records/export',
  summary: 'Figures of all records that a filter selects, newest first, as a file. Texts are safe from spreadsheets.',
  ...needs('viewer', 'developer'),
  request: { query: z.strictObject({ ...filterParameters, format: z.enum(['csv', 'jsonl']).prefault('csv') }) },
  responses: {
    200: {
      description: 'The file. An answer that breaks off is not whole.',
      content: { 'text/csv': { schema: z.string() }, 'application/jsonl': { schema: z.string() } },
    },
    ...commonAnswers,
  },
})

const pageRecords = 1_000
/** Written as text in one step, about 3 ms: calls of the gateway run in between. */
const linesAtOnce = 100

export function addExport(app: AdminApp, { ledger, questions, clock }: AdminParts): void {
  app.openapi(route, async c => {
    const { format: name, ...filters } = c.req.valid('query')
    const format: Format = formats[name]
    const now = clock()
    const filter = within(c.get('visible'), filterOf(filters))
    const reader = callerKey(c.get('caller'))
    const { signal } = c.req.raw
    const list = (query: RecordsQuery): Promise<RecordsPage> =>
      questions.ask(reader, signal, () => ledger.list({ ...query, limit: pageRecords }))
    // The first page is read before the answer begins: what cannot be answered is still an error then.
    const first = await list(filter)
    const headers = {
      'content-type': format.contentType,
      'content-disposition': `attachment; filename="gatehouse-records-${fileTime(now)}.${name}"`,
    }
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    return c.body(ReadableStream.from(fileOf(format, first, before => list({ ...filter, before }))), 200, headers)
  })
}

/** `20261123T120000Z`. */
function fileTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

/** Reads the next page when the reader has taken the one before, so that a slow reader costs no memory. */
async function* fileOf(
  { head, line }: Format,
  first: RecordsPage,
  next: (before: string) => Promise<RecordsPage>,
): AsyncGenerator<Uint8Array> {
  if (head !== '') yield Buffer.from(head)
  for (let page = first; ; ) {
    for (let at = 0; at < page.records.length; at += linesAtOnce) {
      const lines = page.records.slice(at, at + linesAtOnce).map(line)
      yield Buffer.from(lines.join(''))
      await turn()
    }
    if (page.next === null) return
    page = await next(page.next)
  }
}
