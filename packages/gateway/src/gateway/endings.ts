/** How an exchange ends: what the client is told, what it cost, and the record. */
import { LedgerError } from '../ledger/index.ts'
import type { Closed, Cost } from '../ledger/record.ts'
import { nothingSpent, type Spent } from '../limits/index.ts'
import { chargeOf } from '../prices/cost.ts'
import type { EndedCall } from '../telemetry/calls.ts'
import type { Usage } from '../wire/usage.ts'
import { type BackendFailure, refusalOf } from './backend/failures.ts'
import { ClientLeft } from './call.ts'
import { type Authenticated, type Exchange, type FollowUp, noteCharge, noteInstance } from './exchange.ts'
import type { Collected, FollowUps } from './follow-ups/index.ts'
import type { GatewayParts } from './parts.ts'
import { boundedUsage, boundOf } from './record/bound.ts'
import { captured, clientAddress, closed, type Ending, noUsage, opened } from './record/index.ts'
import { usageOf } from './record/usage.ts'
import { asRefusal } from './refusals.ts'
import { nothingRelayed, type Relayed } from './relayed.ts'
import { renderRefusal } from './render.ts'

/** Parts that the end of an exchange uses. */
export interface EndingParts
  extends Pick<
    GatewayParts,
    | 'clock'
    | 'log'
    | 'journal'
    | 'counter'
    | 'limits'
    | 'prices'
    | 'objects'
    | 'guards'
    | 'totalMs'
    | 'receiveLimits'
    | 'publicUrl'
    | 'lost'
    | 'ended'
  > {
  readonly followUps: Omit<FollowUps, 'of' | 'askNow' | 'figures'>
}

/** The exchange reached a backend: its end, its usage, its record. */
export async function conclude(exchange: Authenticated, relayed: Relayed, parts: EndingParts): Promise<void> {
  const endedAtMs = parts.clock()
  const { ending } = relayed
  let { status } = relayed
  if (ending !== 'whole' && ending !== 'left') {
    parts.log.warn(
      { id: exchange.call.id, instance: exchange.instance?.name, failure: ending, code: codeOf(relayed.cause) },
      'backend_failed',
    )
    // Of a copy nobody sees a status.
    if (exchange.copy === null) status ??= answerInstead(exchange, ending, relayed.cause, parts)
  }
  forgetDeleted(exchange, relayed, parts)
  const usage = await usageOrNone(exchange, relayed, parts)
  const cost = costOfExchange(exchange, relayed, usage, parts)
  settle(exchange, relayed, { usage, cost }, parts)
  const responseBody = exchange.grant?.workload.capture === 'full' ? relayed.unwritten : []
  await write(exchange, parts, responseBody, endedAtMs, {
    ...outcomeOf(relayed),
    status,
    relayed,
    usage,
    cost,
    requestBytes: receivedBytes(exchange),
    ownBytes: 0,
  })
}

function outcomeOf({ ending, learned }: Relayed): Pick<Ending, 'outcome' | 'code'> {
  if (ending === 'left') return { outcome: 'aborted', code: 'client_left' }
  if (ending !== 'whole') return { outcome: 'failed', code: ending }
  return learned.errorInStream ? { outcome: 'failed', code: 'error_in_stream' } : { outcome: 'completed', code: null }
}

/** Nothing of an answer has come, so the client gets one of ours. @returns its status. */
function answerInstead(
  exchange: Authenticated,
  failure: BackendFailure,
  cause: Error | null,
  parts: EndingParts,
): number {
  const bounds = {
    totalMs: parts.totalMs,
    uploadBytesMax: parts.receiveLimits.uploadBytesMax,
    uploadPauseMs: parts.receiveLimits.timeoutMs,
  }
  const refusal = refusalOf(failure, exchange.instance?.name ?? '', bounds, cause ?? new Error(failure))
  renderRefusal(exchange.call, refusal, parts)
  return refusal.status
}

function receivedBytes(exchange: Exchange): number {
  return exchange.asked?.received.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0
}

/** What a DELETE has ended is nobody's any more. */
function forgetDeleted({ call, route }: Authenticated, { status }: Relayed, parts: EndingParts): void {
  if (call.method !== 'DELETE' || route.objectId === null || !route.operation.endsObject) return
  if (status !== null && status < 300) parts.objects.deleted(route.objectId)
}

async function usageOrNone(exchange: Authenticated, relayed: Relayed, parts: EndingParts): Promise<Usage> {
  try {
    return await usageOf(exchange, relayed, parts)
  } catch (error) {
    // What was answered is a fact, even where the journal cannot be read back to count it.
    parts.log.error(
      { id: exchange.call.id, code: error instanceof LedgerError ? error.code : 'internal_error' },
      'usage_unknown',
    )
    const isBilled = relayed.sentAtMs !== null && (relayed.status ?? 0) < 400 && exchange.asked?.deployment != null
    return isBilled ? boundedUsage(boundOf(exchange, parts)) : noUsage
  }
}

/** Null where nothing was billed, and where the model has no price: it is reported as such, never as free. */
function costOfExchange(exchange: Authenticated, relayed: Relayed, usage: Usage, parts: EndingParts): Cost | null {
  const { route, asked, instance } = exchange
  if (usage.source === 'none' || usage.source === 'owed' || asked === null || instance === null) return null
  // An object that was made before says itself what it ran on.
  const debt = exchange.charges?.debt
  const ran = debt?.servedDeployment ?? debt?.deployment ?? relayed.learned.servedModel
  const name = relayed.servedDeployment ?? asked.deployment ?? ran
  if (name === null) return null
  const model = instance.deployments.get(name)?.model ?? name
  const { servedModel, serviceTier: tier } = relayed.learned
  const ofBatch = route.operation.object === 'batch' || debt?.kind === 'batch'
  return chargeOf(parts.prices, { servedModel, model, startedAtMs: exchange.call.startedAtMs, usage, tier, ofBatch })
}

/** The lease is settled whatever became of the call: what was billed is charged, the rest is given back. */
function settle(
  exchange: Authenticated,
  relayed: Relayed,
  { usage, cost }: { readonly usage: Usage; readonly cost: Cost | null },
  parts: EndingParts,
): void {
  const { promptTokens, cachedTokens, completionTokens } = usage
  const tokens = parts.limits.weighTokens(promptTokens ?? 0, cachedTokens ?? 0, completionTokens ?? 0)
  const reported = usage.source === 'reported'
  const spent: Spent = {
    tokens,
    costNano: cost?.nano ?? 0,
    calls: backendCalls(exchange, relayed),
    promptTokens: reported ? promptTokens : null,
    completionTokens: reported ? completionTokens : null,
  }
  if (exchange.charges === null) {
    exchange.lease?.settle(spent)
    return
  }
  // What it reports was used by the call that began the work, whoever asks: that one's limits are charged.
  exchange.lease?.settle(onlyTheCall)
  parts.followUps.charge(exchange.charges, spent)
}

/** A list is gathered with as many calls as it needs pages; whatever else was tried was sent once in the end. */
function backendCalls({ route, call }: Authenticated, { attempts }: Relayed): number {
  return route.operation.lists !== null && call.method !== 'POST' ? Math.max(1, attempts.length) : 1
}

const onlyTheCall: Spent = { ...nothingSpent, calls: 1 }

/**
 * Nobody can say any more how the work of a background response or a batch ended: what it owes is charged at its bound, in a record of its
 * own. Nothing was sent for it.
 */
export async function concludeUnknown(exchange: FollowUp, collected: Collected, parts: EndingParts): Promise<void> {
  const { owing, plan } = exchange
  noteCharge(exchange, collected)
  noteInstance(exchange, plan.targets.get(owing.instance)?.members[0]?.instance ?? null)
  const relayed = nothingRelayed(owing.servedDeployment)
  const usage = boundedUsage(collected.debt.bound)
  const cost = costOfExchange(exchange, relayed, usage, parts)
  settle(exchange, relayed, { usage, cost }, parts)
  await write(exchange, parts, [], parts.clock(), {
    outcome: 'failed',
    code: 'end_unknown',
    status: null,
    relayed,
    usage,
    cost,
    requestBytes: 0,
    ownBytes: 0,
  })
}

/** Each member that is left alone has been told of; a line at error for each call would be an alarm that callers can raise. */
const toldAlready: ReadonlySet<string> = new Set(['pool_unavailable', 'credential_refused', 'bodies_full'])

/** The exchange never reached a backend. The client is told why, where there still is one. */
export async function refuse(exchange: Exchange, error: unknown, parts: EndingParts): Promise<void> {
  const endedAtMs = parts.clock()
  exchange.lease?.settle(nothingSpent)
  const left = error instanceof ClientLeft
  const refusal = left ? null : asRefusal(error)
  let ownBytes = 0
  if (refusal !== null) {
    ownBytes = renderRefusal(exchange.call, refusal, parts)
    if (refusal.status >= 500) {
      const { cause } = refusal
      const level = toldAlready.has(refusal.code) ? 'warn' : 'error'
      parts.log[level](
        { id: exchange.call.id, code: refusal.code, cause: cause instanceof Error ? cause : undefined },
        'refused',
      )
    }
  }
  const ending: Ending = {
    outcome: left ? 'aborted' : 'refused',
    code: refusal === null ? 'client_left' : refusal.code,
    status: refusal?.status ?? null,
    relayed: null,
    usage: noUsage,
    cost: null,
    requestBytes: receivedBytes(exchange),
    ownBytes,
  }
  await write(exchange, parts, [], endedAtMs, ending)
}

async function write(
  exchange: Exchange,
  parts: EndingParts,
  responseBody: readonly Buffer[],
  endedAtMs: number,
  ending: Ending,
): Promise<void> {
  const first = exchange.opened ?? opened(exchange)
  const last = closed(exchange, ending, endedAtMs, first)
  const call = figures(exchange, ending, endedAtMs)
  for (const listener of parts.ended) listener(call, first, last)
  if (exchange.caller === null && isSummed(exchange, last, parts)) return
  const { charges } = exchange
  // What was written with `opened` is in the journal already.
  const requestBody = exchange.opened === null ? captured(exchange) : []
  try {
    await parts.journal.close(last, responseBody, requestBody)
  } catch (error) {
    parts.lost(exchange.call.id)
    parts.log.error(
      { id: exchange.call.id, code: error instanceof LedgerError ? error.code : 'internal_error' },
      'record_lost',
    )
  }
  if (charges !== null) parts.followUps.recorded(charges, ending.usage.source)
}

/** Of callers who are not known, beyond a rate. */
function isSummed(exchange: Exchange, last: Closed, { guards }: EndingParts): boolean {
  return guards.strangers.takes({
    address: clientAddress(exchange),
    code: last.outcomeCode ?? '',
    endedAtMs: last.endedAtMs,
    record: () => last,
  })
}

/** For the metrics: names as the configuration has them, nothing that only the client says. */
function figures(exchange: Exchange, ending: Ending, endedAtMs: number): EndedCall {
  const { call, grant, asked, instance, copy } = exchange
  const { outcome, code, status, relayed, usage, cost } = ending
  const sentAtMs = relayed?.sentAtMs ?? null
  const firstByteAtMs = relayed?.firstByteAtMs ?? null
  return {
    workload: grant?.workload.name ?? null,
    deployment: instance === null ? null : (asked?.deployment ?? null),
    instance: instance?.name ?? null,
    copyKind: copy?.kind ?? null,
    outcome,
    code,
    status,
    usage,
    cost,
    durationMs: endedAtMs - call.startedAtMs,
    firstByteMs: sentAtMs === null || firstByteAtMs === null ? null : firstByteAtMs - sentAtMs,
  }
}

function codeOf(error: Error | null): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code ?? error?.name
}
