/** Compares what clients saw, what the ledger recorded and what the backends billed, call by call. */
import type { RecordBodies, RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { BillLine } from '../../packages/simulator/src/types.ts'
import { wrongUnkeptUsage, wrongUsage } from './audit-usage.ts'
import { type Case, caseOf, describe, isStreamed, withoutBreak } from './case.ts'
import type { Seen } from './client.ts'
import { endingsOf, statusesOf } from './endings.ts'
import { withoutUsage } from './reader.ts'
import { metadataWorkload } from './world.ts'

export interface Evidence {
  readonly seen: readonly Seen[]
  readonly rows: readonly RecordRow[]
  readonly bodies: (id: string) => Promise<RecordBodies | null>
  readonly bill: readonly BillLine[]
  /**
   * True when instances refused connections in between: bytes written to a connection that just ended may never have
   * arrived.
   */
  readonly outages?: boolean
  /**
   * True when gateways were killed: exchanges not yet opened may have no record, and opened ones may be interrupted.
   */
  readonly killed?: boolean
  /** True when the ledger's disk was full in between: calls that could not be recorded were refused. */
  readonly diskFull?: boolean
}

export interface Findings {
  /** Disagreements; empty when all is well. */
  readonly faults: readonly string[]
  /** How often each kind of ending and source of figures occurred, so that a run that proves nothing is noticed. */
  readonly tally: ReadonlyMap<string, number>
}

export async function audit({
  seen,
  rows,
  bodies,
  bill,
  killed = false,
  outages = false,
  diskFull = false,
}: Evidence): Promise<Findings> {
  const faults: string[] = [...matching(rows, bill, outages)]
  const tally = new Map<string, number>()
  // Copies that the gateway sent by itself have no client.
  const byMark = Map.groupBy(
    rows.filter(row => row.copyOf === null),
    row => row.userAgent ?? '',
  )
  const byId = Map.groupBy(bill, line => line.gatehouseRequestId)
  const mostBilled = bill.reduce((most, line) => Math.max(most, line.completionTokens), 0)
  const hedges = new Map(rows.filter(row => row.copyKind === 'hedge').map(row => [row.copyOf, row]))
  // In parallel: one after the other, most of the time would be spent waiting for the store.
  const cases = await mapAtOnce(seen, 64, async one => {
    const found = byMark.get(one.plan.mark) ?? []
    const [row] = found
    // A client that disconnects before any answer may have done so before the gateway had read anything.
    if (row === undefined && one.ended === 'left' && one.id === null) return null
    // A killed gateway leaves a record of every call that reached a backend, but a refusal may be lost.
    if (row === undefined && killed && (one.id === null || one.refusal !== null)) return null
    if (row === undefined || found.length > 1) {
      faults.push(`${one.plan.mark}: ${found.length} records, expected 1 (client saw ${one.status}, ${one.ended})`)
      return null
    }
    // Of several attempts the one counts whose answer the client got.
    const line = byId.get(row.id)?.findLast(each => each.instance === row.instance) ?? null
    const hedged = hedges.get(row.id)
    const hedge = hedged === undefined ? null : Buffer.from((await bodies(hedged.id))?.response ?? [])
    return { ...caseOf(one, row, line, await bodies(row.id)), outages, diskFull, mostBilled, hedge }
  })
  for (const whole of cases) {
    if (whole === null) continue
    const { row } = whole
    const tries = row.attempts.length > 1 ? ['replayed'] : []
    for (const kind of [row.outcome, row.outcomeCode ?? '', row.usage.source, ...tries])
      tally.set(kind, (tally.get(kind) ?? 0) + 1)
    const wrong = [...wrongOf(whole)]
    if (wrong.length > 0) faults.push(`${describe(whole)}: ${wrong.join('; ')}`)
  }
  return { faults, tally }
}

async function mapAtOnce<T, R>(list: readonly T[], atOnce: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const waiting = list.values()
  const worker = async (): Promise<void> => {
    for (const one of waiting) results.push(await work(one))
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}

/** Refusals of calls that are valid: no member takes calls at the moment, or a limit has no capacity. */
const unservedCodes: ReadonlySet<string> = new Set([
  'pool_exhausted',
  'pool_unavailable',
  'instance_drained',
  'credential_refused',
  'request_limit_reached',
])

/** False for the checks that a gateway makes at its start: they list models, which costs nothing. */
function isOfCall({ gatehouseRequestId, operation, promptTokens, completionTokens }: BillLine): boolean {
  return gatehouseRequestId !== null || operation !== 'models' || promptTokens + completionTokens > 0
}

/**
 * P1 and P11, before any figures: one record for each billed call, and among its attempts at most one that could cost
 * anything.
 */
export function* matching(rows: readonly RecordRow[], bill: readonly BillLine[], outages = false): Generator<string> {
  const byId = Map.groupBy(rows, row => row.id)
  for (const [id, found] of byId) if (found.length > 1) yield `${id}: ${found.length} records`
  const billed = Map.groupBy(bill.filter(isOfCall), line => line.gatehouseRequestId ?? 'direct')
  for (const [id, lines] of billed) {
    const [row] = byId.get(id) ?? []
    if (row !== undefined) for (const fault of wrongTries(row, lines, outages)) yield `${id}: ${fault}`
    if (!byId.has(id)) yield `${id}: billed and not recorded (${lines[0]?.operation}, fault ${lines[0]?.fault})`
    if (lines.some(line => !line.ended)) yield `${id}: its line has not ended`
  }
  // An outage may break a call off before it arrives, and then its client has the answer of its hedge.
  const hedged = new Set(rows.flatMap(row => (row.copyKind === 'hedge' && row.status === 200 ? [row.copyOf] : [])))
  for (const row of rows) {
    const cutOff = hedged.has(row.id) && row.attempts.every(({ status }) => status !== 200)
    const mayBeUnbilled = outages && (row.status !== 200 || cutOff)
    if (row.sentAtMs !== null && !billed.has(row.id) && !mayBeUnbilled) {
      const tried = row.attempts.map(({ instance, status }) => `${instance} ${status}`).join(', ')
      yield `${row.id}: recorded as sent and not billed (${row.outcome}, ${row.copyKind}, ${tried})`
    }
    const copied = row.copyOf === null ? null : byId.get(row.copyOf)
    if (copied === undefined) yield `${row.id}: a copy of a call that has no record`
  }
}

/** Refusals that cost nothing: only after them may a call be sent to another member (P11). */
function isSafeRefusal({ status, promptTokens, completionTokens }: BillLine): boolean {
  return [429, 503, 404, 400, 401].includes(status) && promptTokens + completionTokens === 0
}

/**
 * Each attempt reached the recorded instance with the recorded status, and no member twice; all but one cost nothing.
 */
function* wrongTries(row: RecordRow, lines: readonly BillLine[], outages: boolean): Generator<string> {
  if (lines.length > 1 && lines.filter(line => !isSafeRefusal(line)).length > 1) {
    yield `billed ${lines.length} times (${lines.map(each => `${each.instance} ${each.status}`).join(', ')})`
  }
  // A process that was killed has not written its attempts.
  if (row.outcome === 'interrupted') return
  const tried = row.attempts.map(attempt => attempt.instance)
  if (new Set(tried).size < tried.length) yield `tried twice on one member: ${tried.join(', ')}`
  for (const line of lines) {
    const attempt = row.attempts.find(each => each.instance === line.instance)
    if (attempt === undefined) yield `billed by ${line.instance}, which it was not sent to`
    else if (attempt.status !== null && line.status !== 0 && attempt.status !== line.status)
      yield `${line.instance} answered ${line.status}, recorded as ${attempt.status}`
  }
  for (const { instance, status } of row.attempts) {
    if (status !== null && !lines.some(line => line.instance === instance) && !outages)
      yield `${instance} is recorded with status ${status} but has not billed it`
  }
}

function* wrongOf(whole: Case): Generator<string> {
  const { plan, seen, row, line } = whole
  if (seen.id !== null && seen.id !== row.id) yield `the client saw id ${seen.id}`
  if (plan.refusal !== null) {
    yield* wrongRefusal(whole)
    return
  }
  const isUnserved =
    unservedCodes.has(row.outcomeCode ?? '') || (whole.diskFull && row.outcomeCode === 'ledger_unwritable')
  if (row.outcome === 'refused' && isUnserved) {
    if (line !== null) yield `${row.outcomeCode} and billed`
    if (seen.ended === 'whole' && seen.refusal !== row.outcomeCode) yield `the client saw ${seen.refusal}`
    return
  }
  yield* wrongOutcome(whole)
  if (line === null) return
  if (row.workload === metadataWorkload) {
    if (whole.request.length + whole.response.length > 0)
      yield 'bodies are recorded although the workload has metadata only'
    yield* wrongUnkeptUsage(whole, line)
    return
  }
  if (!whole.request.equals(Buffer.from(plan.body))) yield 'the recorded request is not what was sent'
  if (whole.hedge !== null && isFromHedge(whole, whole.hedge)) {
    if (row.responseBytes !== whole.hedge.length)
      yield `${row.responseBytes} bytes recorded, and the hedge answered ${whole.hedge.length}`
    yield* wrongUsage(whole, line)
    return
  }
  if (whole.response.length !== row.responseBytes)
    yield `${whole.response.length} of ${row.responseBytes} bytes recorded`
  yield* wrongBytes(whole)
  yield* wrongUsage(whole, line)
}

/**
 * The client's answer is in the record of whichever member was first. A client that left may have a part of it, or
 * nothing: then the record of the call has the bytes of the hedge's answer and the body of the other one, as far as it
 * came.
 */
function isFromHedge({ seen, row, response }: Case, hedge: Buffer): boolean {
  if (seen.ended !== 'left') return seen.body.equals(hedge)
  return row.responseBytes !== response.length && hedge.subarray(0, seen.body.length).equals(seen.body)
}

function* wrongRefusal({ plan, seen, row, line }: Case): Generator<string> {
  if (line !== null) yield 'refused and billed'
  if (row.outcome !== 'refused') yield 'its outcome is not refused'
  if (row.outcomeCode !== plan.refusal) yield `refused as ${row.outcomeCode}, expected ${plan.refusal}`
  if (seen.refusal !== plan.refusal) yield `the client saw ${seen.refusal}`
  if (row.usage.source !== 'none') yield 'refused with figures'
}

/** The client received what was recorded, without the usage that was hidden; a prefix if the answer did not end. */
function* wrongBytes({ plan, seen, row, response }: Case): Generator<string> {
  if (row.status !== null && seen.status !== null && seen.status !== row.status) yield `the client saw ${seen.status}`
  // The gateway's own words: nothing came from the backend.
  if (seen.refusal !== null) return
  const isStream = isStreamed(plan, row)
  const expected = plan.hidesUsage && isStream ? withoutUsage(response) : response
  const got = row.outcome === 'failed' ? withoutBreak(seen.body) : seen.body
  if (row.outcome === 'interrupted') {
    // What the gateway has written and what it has sent may be ahead of each other.
    const shared = Math.min(got.length, wholeEvents(expected, isStream))
    if (!got.subarray(0, shared).equals(expected.subarray(0, shared))) yield 'record and client saw different bytes'
    return
  }
  const isPrefix = expected.subarray(0, got.length).equals(got)
  if (!isPrefix) yield `${got.length} bytes at the client are no prefix of the ${expected.length} recorded`
  else if (seen.ended === 'whole' && got.length !== expected.length)
    yield `${got.length} of ${expected.length} bytes reached the client`
}

/** Bytes of the complete events: what would have been removed from a cut event is unknown. */
function wholeEvents(body: Buffer, isStream: boolean): number {
  if (!isStream) return body.length
  const end = body.lastIndexOf('\n\n')
  return end === -1 ? 0 : end + 2
}

function* wrongOutcome(whole: Case): Generator<string> {
  const { plan, seen, row, line } = whole
  const ended = `${row.outcome} ${row.outcomeCode ?? ''}`.trim()
  if (plan.leave?.at === 'half-sent') {
    if (ended !== 'aborted client_left' || line !== null) yield `${ended}: half a request must go nowhere`
    return
  }
  if (row.outcome === 'interrupted') return
  if (whole.outages && plan.fault === null) {
    yield* wrongUnderOutage(whole)
    return
  }
  if (seen.ended === 'left') {
    const may = ['aborted client_left', 'completed', ...endingsOf(plan, line, row)]
    if (!may.includes(ended)) yield `${ended}: the client disconnected`
    return
  }
  if (seen.ended === 'broken' && row.outcome !== 'failed') yield `${ended}: the client's connection broke`
  const endings = endingsOf(plan, line, row)
  if (!endings.includes(ended)) yield `${ended}: expected ${endings.join(' or ')}`
  const statuses = statusesOf(plan)
  if (row.status === null || !statuses.includes(row.status))
    yield `status ${row.status}: expected ${statuses.join(' or ')}`
}

/** A valid call fails only if trying it on another member could have billed it twice. */
function* wrongUnderOutage({ plan, seen, row, line }: Case): Generator<string> {
  const ended = `${row.outcome} ${row.outcomeCode ?? ''} ${row.status}`
  if (row.outcome === 'aborted') {
    if (seen.ended !== 'left') yield `${ended}: the client stayed`
    return
  }
  const isGood = row.outcome === 'completed' && row.status === (plan.isRejected ? 400 : 200)
  if (isGood || seen.ended === 'left') return
  const mayHaveRun = line === null ? row.sentAtMs !== null : !isSafeRefusal(line)
  if (!mayHaveRun) yield `${ended}: it could have been sent to another member`
}
