/** The format `conversations` of an export: figures, and for those who may read bodies what was asked and answered. */
import type { Context } from 'hono'
import { callerKey } from '../../identity/caller.ts'
import type { ConversationsPiece } from '../../ledger/conversations/index.ts'
import type { RecordFilter } from '../../ledger/reports.ts'
import { allowedCheckMs, whileAllowed } from '../allowed.ts'
import { AdminError } from '../errors.ts'
import { type OpenExport, OpenExports } from '../exports/open-exports.ts'
import { fileTime } from '../file-time.ts'
import { present } from '../parameters.ts'
import type { AdminEnv, AdminParts } from '../parts.ts'
import { requireReason } from '../reason.ts'
import { streamed } from '../streamed.ts'

interface ConversationsOrder {
  readonly bodies: boolean
  readonly raw: boolean
  /** The last record that the reader has, and what the answers before said: they resume an export. */
  readonly before?: string | undefined
  readonly upTo?: string | undefined
  readonly export?: string | undefined
}

type Parts = Pick<AdminParts, 'ledger' | 'questions' | 'clock' | 'desk' | 'log' | 'closing' | 'exportResumeMs'>

/** @returns answers with the lines of the records that the filter selects; the filter is what the caller may see. */
export function conversationsExport(parts: Parts) {
  const { ledger, questions, clock, desk, log, closing, exportResumeMs } = parts
  const exports = new OpenExports(exportResumeMs, closing, error => log.error({ error }, 'audit_result_lost'))

  return async (c: Context<AdminEnv>, seen: RecordFilter, order: ConversationsOrder): Promise<Response> => {
    const { bodies, raw, before, upTo, export: resumed = null } = order
    const isOwn = bodies && readsOwnAlone(c, seen)
    const reader = callerKey(c.get('caller'))
    const filter = isOwn ? { ...seen, callerKey: reader } : seen
    const headers = {
      'content-type': 'application/jsonl',
      'content-disposition': `attachment; filename="gatehouse-conversations-${fileTime(clock())}.jsonl"`,
      'x-gatehouse-export-own': String(isOwn),
    }
    if (c.req.method === 'HEAD') {
      exports.requirePlace(reader)
      return c.body(null, 200, headers)
    }
    const own = exports.take({
      ...{ reader, order: JSON.stringify({ filter, bodies, raw }), newId: c.get('requestId') },
      resumes: resumed === null ? null : { id: resumed, before: before ?? null },
    })
    try {
      const { signal } = c.req.raw
      const turn = <T>(question: () => Promise<T>): Promise<T> => questions.ask(reader, signal, question)
      const { total } = await turn(() => ledger.usage({ ...filter, by: ['outcome'] }))
      const reading = await ledger.conversations({ ...filter, bodies, raw, ...present({ before, upTo }) }, turn)
      if (own.isNew) {
        const facts = { export: own.id, bodies, raw, ...(resumed === null ? {} : { resumes: resumed }) }
        // Names of people may be in the filter. The entry is on the disk before the first byte is sent.
        const change = { action: 'records_exported', facts, unlogged: { filter: textOf(filter) } }
        const end = await desk.begin(c, change)
        exports.began(own, (code, records) => end(code, { records }))
      }
      const about = { export: own.id, 'export-up-to': reading.upTo, 'export-calls': String(total.calls) }
      for (const [name, value] of Object.entries(about)) c.header(`x-gatehouse-${name}`, value)
      return c.body(streamed(c, log, sending(c, { exports, own, closing }, reading.pieces)), 200, headers)
    } catch (error) {
      exports.left(own)
      throw error
    }
  }
}

/**
 * True where the caller reads the bodies of their own calls alone; an auditor reads those of others and says why.
 * @throws AdminError role_missing, reason_missing
 */
function readsOwnAlone(c: Context<AdminEnv>, { caller }: RecordFilter): boolean {
  const roles = c.get('roles')
  if (roles.includes('auditor')) {
    if (caller !== callerKey(c.get('caller'))) requireReason(c)
    return false
  }
  if (roles.includes('developer')) return true
  const message = 'Conversations of others need the role auditor; a developer exports those of their own calls.'
  throw new AdminError('role_missing', message, { param: 'bodies' })
}

/** One line, as `workload=hr-bot from=2026-11-01T00:00:00.000Z`. */
function textOf({ fromMs, toMs, ...filter }: RecordFilter): string {
  const ends = Object.entries({ from: fromMs, to: toMs }).flatMap(([name, ms]) =>
    ms === undefined ? [] : [`${name}=${new Date(ms).toISOString()}`],
  )
  return [...Object.entries(filter).map(([name, value]) => `${name}=${String(value)}`), ...ends].join(' ')
}

interface Sending {
  readonly exports: OpenExports
  readonly own: OpenExport
  readonly closing: AbortSignal
}

/**
 * The lines. It ends early, so that the answer breaks off, when its reader may not read them any more, when another
 * connection resumes the export, or when the listener closes.
 */
function sending(
  c: Context<AdminEnv>,
  { exports, own, closing }: Sending,
  pieces: AsyncGenerator<ConversationsPiece>,
): AsyncGenerator<Uint8Array> {
  const done = new AbortController()
  const { signal } = c.req.raw
  const over = whileAllowed(c, AbortSignal.any([signal, closing, own.reading, done.signal]), allowedCheckMs)
  const leave = (): void => {
    done.abort()
    exports.left(own)
  }
  // A file of which nothing is ever read has no end of its own.
  signal.addEventListener('abort', leave, { once: true })
  return (async function* () {
    try {
      for await (const { bytes, ids } of pieces) {
        if (over.aborted) throw new Error('The export ended before it was whole.')
        own.sent.add(ids)
        yield bytes
      }
      await exports.whole(own)
    } finally {
      leave()
      await pieces.return(undefined)
    }
  })()
}
