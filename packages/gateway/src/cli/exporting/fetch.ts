/** Fetches an export over as many connections as it takes. */
import { setTimeout as pause } from 'node:timers/promises'
import { connectionFailure } from '../../connection-failure.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type AdminQuery, openAdmin } from '../reach/admin-request.ts'
import type { Reasoned } from '../reach/reasoned.ts'
import { figure } from '../terminal/table.ts'
import { LineFault, type LineSums } from './line-sums.ts'
import type { Answered } from './manifest.ts'

/** Where lines go. */
export interface Sink {
  readonly sums: LineSums
  write(chunk: Uint8Array): Promise<void>
  /** Takes back the line that has not ended. @throws CliError where that cannot be done. */
  dropOpenLine(): Promise<void>
}

export interface Fetching {
  readonly context: CliContext
  readonly query: AdminQuery
  readonly as: string | undefined
  readonly reasoned: Reasoned
  readonly sink: Sink
  /** What an earlier answer said; null for a new export. */
  readonly answered: Answered | null
  /** Connections in turn that bring no record before it gives up. */
  readonly retries: number
  /** Called with each answer before its lines. */
  readonly onAnswer: (answered: Answered) => Promise<void>
  /** Called after each piece. */
  readonly onPiece: () => void
  /** Called before another connection, with the reason. */
  readonly onBreak: (why: string) => void
}

/** Seconds before another connection: the first follows at once. */
const waitsSeconds = [0, 1, 2, 5, 10, 20]

/** What may be over at the next try. */
const passing: ReadonlySet<string> = new Set([
  ...['admin_unreachable', 'admin_not_gatehouse', 'exports_exhausted', 'questions_exhausted', 'ledger_busy'],
  ...['ledger_unavailable', 'keys_unavailable', 'groups_unavailable', 'audit_unavailable', 'connection_broken'],
])

/** Resolves with what the last answer said, when every record is there. @throws CliError */
export async function fetchExport(fetching: Fetching): Promise<Answered> {
  const { sink, retries, onBreak } = fetching
  let { answered } = fetching
  const onAnswer = async (now: Answered): Promise<void> => {
    answered = now
    await fetching.onAnswer(now)
  }
  let failures = 0
  for (;;) {
    const had = sink.sums.records
    let fault: CliError
    try {
      const now = await fetchOnce({ ...fetching, onAnswer }, answered)
      const gained = sink.sums.records - had
      // A proxy may end an answer that broke off as if it were whole.
      if (gained === 0 || sink.sums.calls >= now.calls) return now
      fault = new CliError('connection_broken', 'The answer ended before it was whole.')
    } catch (error) {
      if (!(error instanceof CliError && passing.has(error.code)) || answered === null) throw error
      fault = error
    }
    await sink.dropOpenLine()
    failures = sink.sums.records > had ? 0 : failures + 1
    if (failures > retries) throw brokenOff(fault, sink.sums.records)
    onBreak(fault.why ?? fault.what)
    await pause((waitsSeconds[failures] ?? waitsSeconds.at(-1) ?? 0) * 1_000)
  }
}

async function fetchOnce(fetching: Fetching, answered: Answered | null): Promise<Answered> {
  const { context, query, as, reasoned, sink, onAnswer, onPiece } = fetching
  const { lastId } = sink.sums
  const rest = answered === null ? {} : { upTo: answered.upTo, export: answered.id, before: lastId ?? undefined }
  const question = { path: '/api/v1/records/export', query: { ...query, ...rest }, as }
  const { headers, chunks } = await reasoned.with(reason => openAdmin(context, { ...question, ...reason }))
  const header = (name: string): string => String(headers[`x-gatehouse-export${name}`] ?? '')
  const now = {
    ...{ id: header(''), upTo: header('-up-to'), calls: Number(header('-calls')) },
    ownCallsOnly: header('-own') === 'true',
  }
  if (now.id === '' || now.upTo === '') throw tooOld()
  await onAnswer(now)
  try {
    for await (const chunk of chunks) {
      await sink.write(chunk)
      onPiece()
    }
  } catch (error) {
    if (error instanceof CliError) throw error
    if (error instanceof LineFault) throw new CliError('export_unreadable', error.message)
    throw new CliError('connection_broken', 'The connection broke off.', connectionFailure(error).why, null, {
      cause: error,
    })
  }
  if (sink.sums.openBytes > 0) throw new CliError('connection_broken', 'The answer ended within a record.')
  return now
}

function tooOld(): CliError {
  const what = 'The gateway does not export conversations.'
  return new CliError('export_unknown', what, 'Its version is older than this command.', 'gatehouse about')
}

function brokenOff({ what, why }: CliError, records: number): CliError {
  const said = why === null ? what : `${what} ${why}`
  return new CliError(
    'export_broken',
    `The export broke off after ${figure(records)} records.`,
    said,
    'the same with --resume',
  )
}
