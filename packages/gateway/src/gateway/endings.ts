/** How an exchange ends: what the client is told, what it cost, and the record. */
import { LedgerError } from '../ledger/index.ts'
import type { Cost, Usage } from '../ledger/record.ts'
import { nothingSpent, type Spent } from '../limits/index.ts'
import { chargeOf } from '../prices/cost.ts'
import type { EndedCall } from '../telemetry/calls.ts'
import { ClientLeft } from './call.ts'
import { type BackendFailure, refusalOf } from './dispatch/failures.ts'
import { boundedUsage, boundOf } from './record/bound.ts'
import { type Account, clientAddress, closed, type Ending, noUsage } from './record/index.ts'
import { usageOf } from './record/usage.ts'
import { asRefusal } from './refusals.ts'
import type { Relayed } from './relay/index.ts'
import { nothingRelayed } from './relay/relayed.ts'
import { renderRefusal } from './render.ts'
import type { GatewayParts } from './serve.ts'

/** The request's body as the ledger is to keep it. */
export function captured(account: Account): readonly Buffer[] {
  return account.grant?.workload.capture === 'full' ? (account.asked?.received ?? []) : []
}

/** The exchange reached a backend: its end, its usage, its record. */
export async function conclude(account: Account, relayed: Relayed, parts: GatewayParts): Promise<void> {
  const endedAtMs = parts.clock()
  const { ending } = relayed
  let { status } = relayed
  if (ending !== 'whole' && ending !== 'left') {
    parts.log.warn(
      { id: account.call.id, instance: account.instance?.name, failure: ending, code: codeOf(relayed.cause) },
      'backend_failed',
    )
    // Of a copy nobody sees a status.
    if (account.copy === null) status ??= answerInstead(account, ending, relayed.cause, parts)
  }
  forgetDeleted(account, relayed, parts)
  const usage = await usageOrNone(account, relayed, parts)
  const cost = costOfExchange(account, relayed, usage, parts)
  settle(account, relayed, { usage, cost }, parts)
  const responseBody = account.grant?.workload.capture === 'full' ? relayed.unwritten : []
  await write(account, parts, responseBody, endedAtMs, {
    ...outcomeOf(relayed),
    status,
    relayed,
    usage,
    cost,
    requestBytes: receivedBytes(account),
    ownBytes: 0,
  })
}

function outcomeOf({ ending, learned }: Relayed): Pick<Ending, 'outcome' | 'code'> {
  if (ending === 'left') return { outcome: 'aborted', code: 'client_left' }
  if (ending !== 'whole') return { outcome: 'failed', code: ending }
  return learned.errorInStream ? { outcome: 'failed', code: 'error_in_stream' } : { outcome: 'completed', code: null }
}

/** Nothing of an answer has come, so the client gets one of ours. @returns its status. */
function answerInstead(account: Account, failure: BackendFailure, cause: Error | null, parts: GatewayParts): number {
  const bounds = {
    totalMs: parts.totalMs,
    uploadBytesMax: parts.receiveLimits.uploadBytesMax,
    uploadPauseMs: parts.receiveLimits.timeoutMs,
  }
  const refusal = refusalOf(failure, account.instance?.name ?? '', bounds, cause ?? new Error(failure))
  renderRefusal(account.call, refusal, parts)
  return refusal.status
}

function receivedBytes(account: Account): number {
  return account.asked?.received.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0
}

/** What a DELETE has ended is nobody's any more. */
function forgetDeleted({ call, route }: Account, { status }: Relayed, parts: GatewayParts): void {
  if (call.method !== 'DELETE' || route?.objectId == null || !route.operation.endsObject) return
  if (status !== null && status < 300) parts.objects.deleted(route.objectId)
}

async function usageOrNone(account: Account, relayed: Relayed, parts: GatewayParts): Promise<Usage> {
  try {
    return await usageOf(account, relayed, parts)
  } catch (error) {
    // What was answered is a fact, even where the journal cannot be read back to count it.
    parts.log.error(
      { id: account.call.id, code: error instanceof LedgerError ? error.code : 'internal_error' },
      'usage_unknown',
    )
    const isBilled = relayed.sentAtMs !== null && (relayed.status ?? 0) < 400 && account.asked?.deployment != null
    return isBilled ? boundedUsage(boundOf(account, parts)) : noUsage
  }
}

/** Null where nothing was billed, and where the model has no price: it is reported as such, never as free. */
function costOfExchange(account: Account, relayed: Relayed, usage: Usage, parts: GatewayParts): Cost | null {
  const { route, asked, instance } = account
  if (usage.source === 'none' || usage.source === 'owed' || asked === null || instance === null) return null
  // An object that was made before says itself what it ran on.
  const debt = account.charges?.debt
  const ran = debt?.servedDeployment ?? debt?.deployment ?? relayed.learned.servedModel
  const name = relayed.servedDeployment ?? asked.deployment ?? ran
  if (name === null) return null
  const model = instance.deployments.get(name)?.model ?? name
  const { servedModel, serviceTier: tier } = relayed.learned
  const ofBatch = route?.operation.object === 'batch' || debt?.kind === 'batch'
  return chargeOf(parts.prices, { servedModel, model, startedAtMs: account.call.startedAtMs, usage, tier, ofBatch })
}

/** The lease is settled whatever became of the call: what was billed is charged, the rest is given back. */
function settle(
  account: Account,
  relayed: Relayed,
  { usage, cost }: { readonly usage: Usage; readonly cost: Cost | null },
  parts: GatewayParts,
): void {
  const { promptTokens, cachedTokens, completionTokens } = usage
  const tokens = parts.limits.weighTokens(promptTokens ?? 0, cachedTokens ?? 0, completionTokens ?? 0)
  const reported = usage.source === 'reported'
  const spent: Spent = {
    tokens,
    costNano: cost?.nano ?? 0,
    calls: backendCalls(account, relayed),
    promptTokens: reported ? promptTokens : null,
    completionTokens: reported ? completionTokens : null,
  }
  if (account.charges === null) {
    account.lease?.settle(spent)
    return
  }
  // What it reports was used by the call that began the work, whoever asks: that one's limits are charged.
  account.lease?.settle(onlyTheCall)
  parts.followUps.charge(account.charges, spent)
}

/** A list is gathered with as many calls as it needs pages; whatever else was tried was sent once in the end. */
function backendCalls({ route, call }: Account, { attempts }: Relayed): number {
  return route !== null && route.operation.lists !== null && call.method !== 'POST' ? Math.max(1, attempts.length) : 1
}

const onlyTheCall: Spent = { ...nothingSpent, calls: 1 }

/**
 * Nobody can say any more how the work of a background response or a batch ended: what it owes is charged at its bound, in a record of its
 * own. Nothing was sent for it.
 */
export async function concludeUnknown(account: Account, parts: GatewayParts): Promise<void> {
  const { charges, owing } = account
  if (charges === null || owing === null) throw new TypeError('nothing is charged without a debt')
  account.instance = parts.plan.targets.get(owing.instance)?.members[0]?.instance ?? null
  const relayed = nothingRelayed(owing.servedDeployment)
  const usage = boundedUsage(charges.debt.bound)
  const cost = costOfExchange(account, relayed, usage, parts)
  settle(account, relayed, { usage, cost }, parts)
  await write(account, parts, [], parts.clock(), {
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
export async function refuse(account: Account, error: unknown, parts: GatewayParts): Promise<void> {
  const endedAtMs = parts.clock()
  account.lease?.settle(nothingSpent)
  const left = error instanceof ClientLeft
  const refusal = left ? null : asRefusal(error)
  let ownBytes = 0
  if (refusal !== null) {
    ownBytes = renderRefusal(account.call, refusal, parts)
    if (refusal.status >= 500) {
      const { cause } = refusal
      const level = toldAlready.has(refusal.code) ? 'warn' : 'error'
      parts.log[level](
        { id: account.call.id, code: refusal.code, cause: cause instanceof Error ? cause : undefined },
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
    requestBytes: receivedBytes(account),
    ownBytes,
  }
  await write(account, parts, [], endedAtMs, ending)
}

async function write(
  account: Account,
  parts: GatewayParts,
  responseBody: readonly Buffer[],
  endedAtMs: number,
  ending: Ending,
): Promise<void> {
  parts.ended(figures(account, ending, endedAtMs))
  if (account.caller === null && isSummed(account, ending, endedAtMs, parts)) return
  const { charges } = account
  // What `opened` has written stands in the journal already.
  const requestBody = account.isOpen ? [] : captured(account)
  try {
    await parts.journal.close(closed(account, ending, endedAtMs), responseBody, requestBody)
  } catch (error) {
    parts.lost(account.call.id)
    parts.log.error(
      { id: account.call.id, code: error instanceof LedgerError ? error.code : 'internal_error' },
      'record_lost',
    )
  }
  if (charges !== null) parts.followUps.recorded(charges, ending.usage.source)
}

/** Of callers who are not known, beyond a rate. */
function isSummed(account: Account, ending: Ending, endedAtMs: number, { guards }: GatewayParts): boolean {
  return guards.strangers.takes({
    address: clientAddress(account),
    code: ending.code ?? '',
    endedAtMs,
    record: () => closed(account, ending, endedAtMs),
  })
}

/** For the metrics: names as the configuration has them, nothing that only the client says. */
function figures(account: Account, ending: Ending, endedAtMs: number): EndedCall {
  const { call, grant, asked, instance, copy } = account
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
