import { setImmediate as turn } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import { callerKey } from '../../identity/caller.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { recordCsv, recordCsvHead } from '../../ledger/record-csv.ts'
import type { RecordFilter, RecordsPage, RecordsQuery } from '../../ledger/reports.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { AdminError } from '../errors.ts'
import { conversationsParameters } from '../exports/parameters.ts'
import { fileTime } from '../file-time.ts'
import { filterOf } from '../parameters.ts'
import { parquetOf, parquetRecordsMax } from '../parquet-file.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { errorAnswer, filterParameters } from '../schemas.ts'
import { streamed } from '../streamed.ts'
import { within } from '../visible.ts'
import { conversationsExport } from './export-conversations.ts'

type Pages = AsyncGenerator<readonly RecordRow[]>

interface Format {
  readonly contentType: string
  /** @param signal aborted when the reader leaves. */
  readonly bytes: (pages: Pages, signal: AbortSignal) => AsyncGenerator<Uint8Array>
}

const figures = ['csv', 'jsonl', 'parquet'] as const
const names = [...figures, 'conversations'] as const

const route = createRoute({
  method: 'get',
  path: '/api/v1/records/export',
  summary:
    'All records that a filter selects, newest first, as a file: figures, safe from spreadsheets, or conversations.',
  ...needs('viewer', 'developer'),
  request: {
    query: z.strictObject({
      ...filterParameters,
      format: z
        .enum(names)
        .prefault('csv')
        .openapi({
          description: `Parquet has at most ${parquetRecordsMax} records; the other forms have no limit. conversations: a line of JSON for each record, with the messages where \`bodies\` is true.`,
        }),
      ...conversationsParameters,
    }),
  },
  responses: {
    200: {
      description: 'The file. An answer that breaks off is not whole.',
      content: {
        'text/csv': { schema: z.string() },
        'application/jsonl': { schema: z.string() },
        'application/vnd.apache.parquet': { schema: z.string().openapi({ format: 'binary' }) },
      },
    },
    ...commonAnswers,
    429: jsonAnswer(errorAnswer, 'A Parquet file or an export of this reader is being made, or two of others.'),
  },
})

const pageRecords = 1_000
/** Written as text in one step, about 3 ms: calls of the gateway run in between. */
const linesAtOnce = 100
/** Parquet files that are made at once. Each takes memory and disk until it is whole. */
const parquetsMax = 2

export function addExport(app: AdminApp, parts: AdminParts): void {
  const { ledger, questions, clock, scratch, log } = parts
  const conversations = conversationsExport(parts)
  const formats: Readonly<Record<(typeof figures)[number], Format>> = {
    csv: { contentType: 'text/csv; charset=utf-8', bytes: pages => linesOf(pages, recordCsvHead, recordCsv) },
    jsonl: { contentType: 'application/jsonl', bytes: pages => linesOf(pages, '', row => `${JSON.stringify(row)}\n`) },
    parquet: {
      contentType: 'application/vnd.apache.parquet',
      bytes: (pages, signal) => parquetOf(pages, scratch, signal),
    },
  }
  const makers = new Set<string>()

  app.openapi(route, async c => {
    const { format: name, bodies, raw, before, upTo, export: resumed, ...filters } = c.req.valid('query')
    const filter = within(c.get('visible'), filterOf(filters))
    requireFit(name, { bodies, raw, before, upTo, export: resumed })
    if (name === 'conversations') {
      const order = { bodies: bodies === true, raw: raw === true, before, upTo, export: resumed }
      return conversations(c, filter, order)
    }
    const reader = callerKey(c.get('caller'))
    const { signal } = c.req.raw
    const list = (query: RecordsQuery): Promise<RecordsPage> =>
      questions.ask(reader, signal, () => ledger.list({ ...query, limit: pageRecords }))
    if (name === 'parquet') {
      requirePlace(makers, reader)
      await requireFew(filter, query =>
        questions.ask(reader, signal, () => ledger.usage({ ...query, by: ['outcome'] })),
      )
    }
    // The first page is read before the answer begins: what cannot be answered is still an error then.
    const first = await list(filter)
    const { contentType, bytes } = formats[name]
    const headers = {
      'content-type': contentType,
      'content-disposition': `attachment; filename="gatehouse-records-${fileTime(clock())}.${name}"`,
    }
    if (c.req.method === 'HEAD') return c.body(null, 200, headers)
    const pages = pagesFrom(first, before => list({ ...filter, before }))
    const file = bytes(pages, signal)
    if (name !== 'parquet') return c.body(streamed(c, log, file), 200, headers)
    requirePlace(makers, reader)
    return c.body(streamed(c, log, placed(makers, reader, file, signal)), 200, headers)
  })
}

/** @throws AdminError parameter_invalid for parameters that the format does not have. */
function requireFit(name: string, given: Readonly<Record<string, unknown>>): void {
  const [param] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (name !== 'conversations' && param !== undefined) {
    throw new AdminError('parameter_invalid', `Parameter "${param}": goes with format=conversations.`, { param })
  }
  if (given['raw'] === true && given['bodies'] !== true) {
    throw new AdminError('parameter_invalid', 'Parameter "raw": goes with bodies=true.', { param: 'raw' })
  }
}

/** @throws AdminError exports_exhausted */
function requirePlace(makers: ReadonlySet<string>, reader: string): void {
  if (!makers.has(reader) && makers.size < parquetsMax) return
  const which = makers.has(reader) ? 'A Parquet file of yours is' : `${parquetsMax} Parquet files are`
  throw new AdminError('exports_exhausted', `${which} being made already. Try again when it is done, or take CSV.`)
}

/** Takes a place until the file is read, or its reader leaves. */
function placed(
  makers: Set<string>,
  reader: string,
  file: AsyncGenerator<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  makers.add(reader)
  const leave = (): void => void makers.delete(reader)
  // A file of which nothing is ever read has no end of its own.
  signal.addEventListener('abort', leave, { once: true })
  return (async function* () {
    try {
      yield* file
    } finally {
      leave()
    }
  })()
}

type Count = (filter: RecordFilter) => Promise<{ readonly total: { readonly calls: number } }>

/** @throws AdminError parameter_invalid */
async function requireFew(filter: RecordFilter, count: Count): Promise<void> {
  const { calls } = (await count(filter)).total
  if (calls <= parquetRecordsMax) return
  const message = `Parameter "format": Parquet takes ${parquetRecordsMax} records at most, and the filter selects ${calls}. Choose a shorter period, or csv or jsonl.`
  throw new AdminError('parameter_invalid', message, { param: 'format' })
}

/** Reads the next page when the reader has taken the one before, so that a slow reader costs no memory. */
async function* pagesFrom(first: RecordsPage, next: (before: string) => Promise<RecordsPage>): Pages {
  for (let page = first; ; page = await next(page.next)) {
    yield page.records
    if (page.next === null) return
  }
}

async function* linesOf(pages: Pages, head: string, line: (row: RecordRow) => string): AsyncGenerator<Uint8Array> {
  if (head !== '') yield Buffer.from(head)
  for await (const rows of pages) {
    for (let at = 0; at < rows.length; at += linesAtOnce) {
      yield Buffer.from(
        rows
          .slice(at, at + linesAtOnce)
          .map(line)
          .join(''),
      )
      await turn()
    }
  }
}
