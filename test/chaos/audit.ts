/** Compares what clients saw, what the ledger recorded and what the backends billed, call by call. */
import type { RecordBodies, RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { BillLine } from '../../packages/simulator/src/types.ts'
import type { Seen } from './client.ts'
import { endingsOf, statusesOf } from './endings.ts'
import type { Plan } from './plans.ts'
import { type Read, read, tokensOf, withoutUsage } from './reader.ts'
import { chaosDeployments, metadataWorkload } from './world.ts'

/** Tokens by which the gateway's count may differ from the recorded text's. */
const completionTolerance = 2
/**
 * Tokens by which the count of a prompt may differ from the bill: the rendering of tools and items is not published.
 */
const promptTolerance = 3

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

/** One call from all sides. */
interface Case {
  /** The answer of a second member that a hedge was sent to; null if there was none. */
  readonly hedge: Buffer | null
  readonly outages: boolean
  readonly diskFull: boolean
  /** The most tokens that any call was billed: no bound has learned more than that. */
  readonly mostBilled: number
  readonly plan: Plan
  readonly seen: Seen
  readonly row: RecordRow
  /** Null when no backend was reached. */
  readonly line: BillLine | null
  readonly response: Buffer
  readonly request: Buffer
  readonly read: Read
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

function caseOf(
  seen: Seen,
  row: RecordRow,
  line: BillLine | null,
  kept: RecordBodies | null,
): Omit<Case, 'outages' | 'diskFull' | 'mostBilled' | 'hedge'> {
  const response = Buffer.from(kept?.response ?? [])
  const { plan } = seen
  const isStream = isStreamed(plan, row)
  if (row.workload === metadataWorkload) {
    const said = read(plan.operation, isStream, withoutBreak(seen.body))
    return { plan, seen, row, line, response, request: Buffer.from(kept?.request ?? []), read: said }
  }
  const said = read(plan.operation, isStream, response)
  return { plan, seen, row, line, response, request: Buffer.from(kept?.request ?? []), read: said }
}

function isStreamed(plan: Plan, row: RecordRow): boolean {
  // The record of an interrupted exchange does not contain the answer's content type.
  if (row.outcome === 'interrupted') return plan.stream
  return row.responseContentType?.startsWith('text/event-stream') === true
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
  'credential_refused',
  'request_limit_reached',
])

/**
 * P1 and P11, before any figures: one record for each billed call, and among its attempts at most one that could cost
 * anything.
 */
export function* matching(rows: readonly RecordRow[], bill: readonly BillLine[], outages = false): Generator<string> {
  const byId = Map.groupBy(rows, row => row.id)
  for (const [id, found] of byId) if (found.length > 1) yield `${id}: ${found.length} records`
  const billed = Map.groupBy(bill, line => line.gatehouseRequestId ?? 'direct')
  for (const [id, lines] of billed) {
    const [row] = byId.get(id) ?? []
    if (row !== undefined) for (const fault of wrongTries(row, lines, outages)) yield `${id}: ${fault}`
    if (!byId.has(id)) yield `${id}: billed and not recorded (${lines[0]?.operation}, fault ${lines[0]?.fault})`
    if (lines.some(line => !line.ended)) yield `${id}: its line has not ended`
  }
  for (const row of rows) {
    if (row.sentAtMs !== null && !billed.has(row.id) && !(outages && row.status !== 200))
      yield `${row.id}: recorded as sent and not billed (${row.outcome})`
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
  // The client's answer is in the record of whichever member was first.
  if (whole.hedge !== null && seen.body.equals(whole.hedge)) {
    if (row.responseBytes !== seen.body.length)
      yield `${row.responseBytes} bytes recorded, ${seen.body.length} received`
    yield* wrongUsage(whole, line)
    return
  }
  if (whole.response.length !== row.responseBytes)
    yield `${whole.response.length} of ${row.responseBytes} bytes recorded`
  yield* wrongBytes(whole)
  yield* wrongUsage(whole, line)
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

/** Without the event by which the gateway reports that a stream broke off. */
function withoutBreak(body: Buffer): Buffer {
  const at = body.lastIndexOf('\n\ndata: {"error":{"message":"The answer broke off')
  return at === -1 ? body : body.subarray(0, at)
}

function* wrongUsage(whole: Case, line: BillLine): Generator<string> {
  const { row, read: said } = whole
  const { source, promptTokens, completionTokens } = row.usage
  if (said.usage !== null) {
    if (source !== 'reported') yield `usage was reported, but the figures are ${source}`
    if (!line.usageReported) yield 'usage was reported that is not in the bill'
    if (promptTokens !== line.promptTokens) yield `${promptTokens} prompt tokens, billed ${line.promptTokens}`
    if ((completionTokens ?? 0) !== line.completionTokens)
      yield `${completionTokens} completion tokens, billed ${line.completionTokens}`
    return
  }
  if (source === 'reported') {
    // Usage in a document that is malformed in another place is still read.
    if (whole.plan.fault !== 'malformed-frames') yield 'reported figures without a report'
    if (promptTokens !== line.promptTokens || (completionTokens ?? 0) !== line.completionTokens)
      yield `${promptTokens}+${completionTokens} reported, billed ${line.promptTokens}+${line.completionTokens}`
    return
  }
  if (source === 'none') {
    if (line.completionTokens + line.promptTokens > 0)
      yield `no figures, billed ${line.promptTokens}+${line.completionTokens}`
    return
  }
  yield* wrongCount(whole, line)
}

/** Figures that the gateway determined itself: never below the bill, and above it only if they are a bound. */
function* wrongCompletion({ plan, row, read: said, mostBilled }: Case, line: BillLine): Generator<string> {
  const { source } = row.usage
  const counted = row.usage.completionTokens ?? 0
  if (counted < line.completionTokens - completionTolerance)
    yield `${source} at ${counted} completion tokens, billed ${line.completionTokens}`
  if (source === 'counted' && counted > line.completionTokens + completionTolerance)
    yield `${counted} completion tokens, billed ${line.completionTokens}`
  const spoken = tokensOf(modelOf(row), said.texts)
  const most = Math.max(line.completionTokens, spoken, boundOf(plan, mostBilled)) + completionTolerance
  if (counted > most) yield `${source} at ${counted} completion tokens, at most ${most} were possible`
  if (counted < spoken - completionTolerance) yield `${counted} completion tokens ${source}, the text has ${spoken}`
}

/** The default of `limits.completionTokensAssumed`. */
const assumed = 1_000

/**
 * The most that a call whose end is unknown may be charged for each answer: the maximum that it allows, or else what
 * other calls were seen to need.
 */
function boundOf({ body }: Plan, mostBilled: number): number {
  const said: unknown = JSON.parse(body)
  const numberIn = (key: string): number => {
    const value: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, key) : null
    return typeof value === 'number' ? value : 0
  }
  const most = Math.max(numberIn('max_tokens'), numberIn('max_completion_tokens'), numberIn('max_output_tokens'))
  const prompt: unknown = Reflect.get(Object(said), 'prompt')
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1
  return Math.max(most, assumed, mostBilled) * Math.max(1, numberIn('n'), numberIn('best_of')) * prompts
}

function* wrongCount(whole: Case, line: BillLine): Generator<string> {
  yield* wrongCompletion(whole, line)
  const { row, plan } = whole
  const promptTokens = row.usage.promptTokens ?? 0
  // Without any answer of the backend, only the backend knows if it had read or refused the prompt by then.
  const unread = (row.status === null || line.status === 0) && line.promptTokens === 0
  const isWrong =
    row.usage.source === 'bounded'
      ? promptTokens < line.promptTokens - promptTolerance || promptTokens > Math.max(assumed, plan.body.length)
      : Math.abs(promptTokens - line.promptTokens) > promptTolerance
  if (!unread && isWrong) yield `${promptTokens} prompt tokens counted, billed ${line.promptTokens}`
}

/**
 * Without bodies in the ledger only the bill and the client's view are left, and the client may have seen less than
 * arrived.
 */
function* wrongUnkeptUsage(whole: Case, line: BillLine): Generator<string> {
  const { row } = whole
  const { source, promptTokens, completionTokens } = row.usage
  if (source === 'reported') {
    if (promptTokens !== line.promptTokens) yield `${promptTokens} prompt tokens, billed ${line.promptTokens}`
    if ((completionTokens ?? 0) !== line.completionTokens)
      yield `${completionTokens} completion tokens, billed ${line.completionTokens}`
    return
  }
  // An interrupted exchange leaves nothing that could be counted.
  if (row.outcome === 'interrupted' || row.status === null || row.status >= 400) return
  yield* wrongCompletion(whole, line)
}

function modelOf(row: RecordRow): string {
  return chaosDeployments[row.deployment as keyof typeof chaosDeployments].model
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

function describe({ plan, seen, row, line }: Case): string {
  const asked = `${plan.operation}${plan.stream ? ' streamed' : ''} fault=${plan.fault} leave=${JSON.stringify(plan.leave)}`
  const billed = line === null ? 'not billed' : `billed ${line.status} ${line.promptTokens}+${line.completionTokens}`
  return `${plan.mark} ${row.id} (${asked}; client ${seen.ended} ${seen.status}; ${row.outcome}; ${billed})`
}
