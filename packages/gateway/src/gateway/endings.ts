/**
 * The end of an exchange: the answer to the client where one is missing, the usage and its cost, the lease, the metrics
 * and the record.
 */
import { codeOf } from '../errors.ts'
import { LedgerError } from '../ledger/index.ts'
import type { Closed, Cost } from '../ledger/record.ts'
import { nothingSpent, type Spent } from '../limits/index.ts'
import { chargeOf } from '../prices/cost.ts'
import type { EndedCall } from '../telemetry/calls.ts'
import type { Usage } from '../wire/usage.ts'
import { type BackendFailure, refusalOf } from './backend/failures.ts'
import { ClientLeft } from './call.ts'
import { type Authenticated, type Exchange, type FollowUp, noteCharge, noteInstance } from './exchange.ts'
import type { ClaimedDebt, FollowUps } from './follow-ups/index.ts'
import type { GatewayParts } from './parts.ts'
import { asRefusal, type Refusal } from './refusals.ts'
import { nothingRelayed, type Relayed } from './relayed.ts'
import { renderRefusal } from './render.ts'
import { boundedUsage, boundOf } from './stages/9-record/bound.ts'
import { captured, clientAddress, closed, type Ending, noUsage, opened } from './stages/9-record/index.ts'
import { usageOf } from './stages/9-record/usage.ts'
import { aboutCall, takenTrace } from './trace.ts'

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
  readonly followUps: Omit<FollowUps, 'openDebt' | 'askNow' | 'figures'>
}

/** Ends an exchange that was answered by a backend, or by the gateway in its place. */
export async function conclude(exchange: Authenticated, relayed: Relayed, parts: EndingParts): Promise<void> {
  const endedAtMs = parts.clock()
  const { ending } = relayed
  let { status } = relayed
  let message: string | null = null
  if (ending !== 'whole' && ending !== 'left') {
    parts.log.warn(
      {
        ...aboutCall(exchange),
        instance: exchange.instance?.name,
        failure: ending,
        code: codeOf(relayed.cause) ?? relayed.cause?.name,
      },
      'backend_failed',
    )
    // A copy has no client, so it has no status.
    if (exchange.copy === null && status === null) {
      const refusal = answerInstead(exchange, ending, relayed.cause, parts)
      status = refusal.status
      message = refusal.recorded
    }
  }
  if (parts.log.debug !== undefined) reportAttempts(exchange, relayed, parts)
  forgetDeleted(exchange, relayed, parts)
  const usage = await usageOrBound(exchange, relayed, parts)
  const cost = costOfExchange(exchange, relayed, usage, parts)
  settle(exchange, relayed, { usage, cost }, parts)
  const responseBody = exchange.grant?.workload.capture === 'full' ? relayed.unwritten : []
  await write(exchange, parts, responseBody, endedAtMs, {
    ...outcomeOf(relayed),
    status,
    message,
    relayed,
    usage,
    cost,
    requestBytes: receivedBytes(exchange),
    ownBytes: 0,
  })
}

function reportAttempts(exchange: Exchange, { attempts }: Relayed, { log }: EndingParts): void {
  for (const attempt of attempts) log.debug?.({ ...aboutCall(exchange), ...attempt }, 'attempt')
}

function outcomeOf({ ending, learned }: Relayed): Pick<Ending, 'outcome' | 'code'> {
  if (ending === 'left') return { outcome: 'aborted', code: 'client_left' }
  if (ending !== 'whole') return { outcome: 'failed', code: ending }
  return learned.errorInStream ? { outcome: 'failed', code: 'error_in_stream' } : { outcome: 'completed', code: null }
}

/** The backend sent no answer, so the client gets a refusal. */
function answerInstead(
  exchange: Authenticated,
  failure: BackendFailure,
  cause: Error | null,
  parts: EndingParts,
): Refusal {
  const bounds = {
    totalMs: parts.totalMs,
    uploadBytesMax: parts.receiveLimits.uploadBytesMax,
    uploadPauseMs: parts.receiveLimits.timeoutMs,
  }
  const refusal = refusalOf(failure, exchange.instance?.name ?? '', bounds, cause ?? new Error(failure))
  renderRefusal(exchange.call, refusal, parts)
  return refusal
}

function receivedBytes(exchange: Exchange): number {
  return exchange.request?.received.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0
}

/** After a successful DELETE, forget the object's owner. */
function forgetDeleted({ call, route }: Authenticated, { status }: Relayed, parts: EndingParts): void {
  if (call.method !== 'DELETE' || route.objectId === null || !route.operation.endsObject) return
  if (status !== null && status < 300) parts.objects.deleted(route.objectId)
}

async function usageOrBound(exchange: Authenticated, relayed: Relayed, parts: EndingParts): Promise<Usage> {
  try {
    return await usageOf(exchange, relayed, parts)
  } catch (error) {
    // The answer was billed, even if it cannot be read back from the journal to count it.
    parts.log.error(
      { ...aboutCall(exchange), code: error instanceof LedgerError ? error.code : 'internal_error' },
      'usage_unknown',
    )
    const isBilled = relayed.sentAtMs !== null && (relayed.status ?? 0) < 400 && exchange.request?.deployment != null
    return isBilled ? boundedUsage(boundOf(exchange, parts)) : noUsage
  }
}

/**
 * Null where nothing was billed, and where the model has no price: such a call is reported as unpriced, never as free.
 */
function costOfExchange(exchange: Authenticated, relayed: Relayed, usage: Usage, parts: EndingParts): Cost | null {
  const { route, request, instance } = exchange
  if (usage.source === 'none' || usage.source === 'owed' || request === null || instance === null) return null
  // Work that began earlier is priced by the deployment that it ran on.
  const debt = exchange.charges?.debt
  const ran = debt?.servedDeployment ?? debt?.deployment ?? relayed.learned.servedModel
  const name = relayed.servedDeployment ?? request.deployment ?? ran
  if (name === null) return null
  const model = instance.deployments.get(name)?.model ?? name
  const { servedModel, serviceTier: tier } = relayed.learned
  const ofBatch = route.operation.object === 'batch' || debt?.kind === 'batch'
  return chargeOf(parts.prices, { servedModel, model, startedAtMs: exchange.call.startedAtMs, usage, tier, ofBatch })
}

/** The lease is settled whatever became of the call: what was billed is charged, the rest is refunded. */
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
  // The usage belongs to the call that began the work, whichever call reports it: the limits of that call are charged.
  exchange.lease?.settle(onlyTheCall)
  parts.followUps.charge(exchange.charges, spent)
}

/** A list is put together from as many calls as it needs pages; every other call reaches a backend once in the end. */
function backendCalls({ route, call }: Authenticated, { attempts }: Relayed): number {
  return route.operation.lists !== null && call.method !== 'POST' ? Math.max(1, attempts.length) : 1
}

const onlyTheCall: Spent = { ...nothingSpent, calls: 1 }

/**
 * Charges a debt at its bound, in a record of its own: it can no longer be found out how the work of a background
 * response or a batch ended. Nothing is sent.
 */
export async function concludeUnknown(exchange: FollowUp, claimed: ClaimedDebt, parts: EndingParts): Promise<void> {
  const { owing, plan } = exchange
  noteCharge(exchange, claimed)
  noteInstance(exchange, plan.targets.get(owing.instance)?.members[0]?.instance ?? null)
  const relayed = nothingRelayed(owing.servedDeployment)
  const usage = boundedUsage(claimed.debt.bound)
  const cost = costOfExchange(exchange, relayed, usage, parts)
  settle(exchange, relayed, { usage, cost }, parts)
  await write(exchange, parts, [], parts.clock(), {
    outcome: 'failed',
    code: 'end_unknown',
    status: null,
    message: null,
    relayed,
    usage,
    cost,
    requestBytes: 0,
    ownBytes: 0,
  })
}

/**
 * These were already reported where they began. An error line for each call would be an alarm that callers can raise.
 */
const alreadyReported: ReadonlySet<string> = new Set(['pool_unavailable', 'credential_refused', 'bodies_full'])

/** Ends an exchange that never reached a backend. The client gets the refusal, if it is still connected. */
export async function refuse(exchange: Exchange, error: unknown, parts: EndingParts): Promise<void> {
  const endedAtMs = parts.clock()
  exchange.lease?.settle(nothingSpent)
  const left = error instanceof ClientLeft
  const refusal = left ? null : asRefusal(error)
  let ownBytes = 0
  if (refusal !== null) {
    ownBytes = renderRefusal(exchange.call, refusal, parts)
    if (refusal.status < 500) {
      parts.log.debug?.({ ...aboutCall(exchange), code: refusal.code, status: refusal.status }, 'refused')
    } else {
      const { cause } = refusal
      const level = alreadyReported.has(refusal.code) ? 'warn' : 'error'
      parts.log[level](
        { ...aboutCall(exchange), code: refusal.code, cause: cause instanceof Error ? cause : undefined },
        'refused',
      )
    }
  }
  const ending: Ending = {
    outcome: left ? 'aborted' : 'refused',
    code: refusal === null ? 'client_left' : refusal.code,
    status: refusal?.status ?? null,
    message: refusal?.recorded ?? null,
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
  const call = figures(exchange, ending, endedAtMs)
  for (const listener of parts.ended) listener(call)
  if (exchange.caller === null && isSummed(exchange, ending, endedAtMs, parts)) return
  const last = closedHalf(exchange, ending, endedAtMs)
  const { charges } = exchange
  // After `opened`, the request's body is already in the journal.
  const requestBody = exchange.opened === null ? captured(exchange) : []
  try {
    await parts.journal.close(last, responseBody, requestBody)
  } catch (error) {
    parts.lost(exchange.call.id)
    parts.log.error(
      { ...aboutCall(exchange), code: error instanceof LedgerError ? error.code : 'internal_error' },
      'record_lost',
    )
  }
  if (charges !== null) parts.followUps.recorded(charges, ending.usage.source)
}

function closedHalf(exchange: Exchange, ending: Ending, endedAtMs: number): Closed {
  return closed(exchange, ending, endedAtMs, exchange.opened ?? opened(exchange))
}

/**
 * True for a refusal of an unknown caller beyond the rate at which such refusals get records of their own. In a flood
 * of them, most get no halves of a record either.
 */
function isSummed(exchange: Exchange, ending: Ending, endedAtMs: number, { guards }: EndingParts): boolean {
  return guards.strangers.takes({
    address: clientAddress(exchange),
    code: ending.code ?? '',
    endedAtMs,
    record: () => closedHalf(exchange, ending, endedAtMs),
  })
}

/** As the record has it. */
function traceIdOf(exchange: Exchange): string | null {
  return exchange.opened === null ? (takenTrace(exchange)?.traceId ?? null) : exchange.opened.traceId
}

/**
 * For the metrics and the access line. Names are those of the configuration: nothing that only the client says
 * becomes a label.
 */
function figures(exchange: Exchange, ending: Ending, endedAtMs: number): EndedCall {
  const { call, route, caller, grant, request, instance, copy } = exchange
  const { outcome, code, status, relayed, usage, cost } = ending
  const sentAtMs = relayed?.sentAtMs ?? null
  const firstByteAtMs = relayed?.firstByteAtMs ?? null
  return {
    id: call.id,
    copyOf: copy?.of ?? null,
    traceId: traceIdOf(exchange),
    caller,
    operation: route?.operation.name ?? null,
    endedAtMs,
    workload: grant?.workload.name ?? null,
    deployment: instance === null ? null : (request?.deployment ?? null),
    instance: instance?.name ?? null,
    provider: instance?.backend.provider ?? null,
    asksModel: call.method === 'POST',
    stream: request?.stream ?? false,
    servedModel: relayed?.learned.servedModel ?? null,
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
