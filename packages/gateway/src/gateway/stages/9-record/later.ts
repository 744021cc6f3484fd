/**
 * Usage that is reported later: a background response or a batch reports its usage when it is fetched after its end.
 * The call that begins the work has a debt. The first answer that reports the usage charges it; later answers charge
 * nothing.
 */

import type { Limits } from '../../../limits/index.ts'
import type { Debt } from '../../../objects/index.ts'
import { underWay } from '../../../wire/background.ts'
import { isRecord, textOrNull } from '../../../wire/json.ts'
import { noUsage, type Usage } from '../../../wire/usage.ts'
import { type Authenticated, noteCharge } from '../../exchange.ts'
import type { FollowUps } from '../../follow-ups/index.ts'
import type { Relayed } from '../../relayed.ts'
import { takenTrace } from '../../trace.ts'
import { boundedUsage, boundOf } from './bound.ts'
import type { Unseen } from './unseen.ts'

/** True for an answer that says that the object is still at work. There is nothing to count in it. */
export function isBegun({ route }: Authenticated, { learned, isEventStream, status }: Relayed): boolean {
  if (status === null || status >= 300 || learned.usage !== null || learned.objectId === null) return false
  const { creates } = route.operation
  if (creates !== 'response' && creates !== 'batch') return false
  // The work continues on the instance, however this stream ended: `GET responses/{id}?stream=true` resumes it.
  if (learned.isBackground) return true
  // Any other stream reports its own usage and ends with its connection. If it breaks off, its text is counted.
  if (isEventStream) return false
  return underWay.has(learned.finishReason ?? '')
}

/** True for a batch that may have been created although its id never came: its end cannot be followed up. */
export function isBatchUnseen({ route, call }: Authenticated, { learned, sentAtMs, status }: Relayed): boolean {
  if (route.operation.creates !== 'batch' || call.method !== 'POST') return false
  return sentAtMs !== null && learned.objectId === null && (status === null || status < 300)
}

type DebtFollowUps = Pick<FollowUps, 'add' | 'claim' | 'noteSilentEnd' | 'queueAnswersFile'>

interface DebtParts {
  readonly limits: Pick<Limits, 'learned'>
  readonly followUps: DebtFollowUps
  readonly guards: { readonly unseen: Unseen }
}

/** Adds the debt of the object, with what was reserved for the call. */
export function beginDebt(exchange: Authenticated, relayed: Relayed, parts: DebtParts): Usage {
  const debt = debtOf(exchange, relayed, parts)
  if (debt === null) return noUsage
  parts.followUps.add(debt, exchange.lease?.keep() ?? null)
  return { ...noUsage, source: 'owed' }
}

/** The charge if the usage never becomes known. Without a maximum it is the most that such calls have used. */
function boundOfDebt(exchange: Authenticated, parts: DebtParts): Debt['bound'] {
  const { promptTokens, completionTokens } = boundOf(exchange, parts)
  const { request } = exchange
  const { needs, completionTokensAssumed } = parts.guards.unseen
  const isOpen = request?.deployment != null && request.completionTokensMax === null
  const most = isOpen ? Math.max(needs.of(request.deployment).completion, completionTokensAssumed) : 0
  return { promptTokens, completionTokens: Math.max(completionTokens, most) }
}

function debtOf(exchange: Authenticated, { learned, servedDeployment }: Relayed, parts: DebtParts): Debt | null {
  const { call, caller, grant, route, request, instance } = exchange
  const { objectId } = learned
  if (grant === null || instance === null || objectId === null) return null
  const { kind, tenantId, objectId: callerObjectId, appId, displayName } = caller
  return {
    objectId,
    kind: route.operation.creates === 'batch' ? 'batch' : 'response',
    recordId: call.id,
    startedAtMs: call.startedAtMs,
    caller: { kind, tenantId, objectId: callerObjectId, appId, displayName },
    workload: grant.workload.name,
    target: grant.target.name,
    instance: instance.name,
    deployment: request?.deployment ?? null,
    servedDeployment,
    apiVersion: route.isV1 ? null : route.apiVersion,
    bound: boundOfDebt(exchange, parts),
    traceId: takenTrace(exchange)?.traceId ?? null,
  }
}

/** Usage of an answer about an object that an earlier call created. */
export async function usageOfObject(
  exchange: Authenticated,
  relayed: Relayed,
  { followUps, guards }: Pick<DebtParts, 'followUps' | 'guards'>,
): Promise<Usage> {
  const { route, copy, owing } = exchange
  const isOwn = copy?.kind === 'follow_up'
  const id = (isOwn ? owing?.objectId : route.objectId) ?? null
  if (id === null || (route.operation.tells === null && !isOwn)) return noUsage
  const end = endOf(exchange, relayed, id, followUps)
  if (end === null) return noUsage
  const claimed = await followUps.claim(id)
  if (claimed === null) return noUsage
  noteCharge(exchange, claimed)
  const { kind, deployment, bound } = claimed.debt
  if (end === 'unknown') return boundedUsage(bound)
  if (kind === 'response' && deployment !== null) guards.unseen.needs.learn(deployment, end)
  return end
}

/**
 * The object's usage as the answer reports it; `unknown` when it can never be known, null while it may still be
 * reported.
 */
function endOf(
  exchange: Authenticated,
  relayed: Relayed,
  id: string,
  followUps: DebtFollowUps,
): Usage | 'unknown' | null {
  const { call, route, copy } = exchange
  const { learned, status, ending } = relayed
  // A batch's file of answers, fetched by the gateway: half of it is no sum.
  if (route.operation.tells === null)
    return ending === 'whole' && status !== null && status < 300 ? learned.usage : null
  if (status !== null && status < 300) {
    if (learned.usage !== null) return isLast(learned) ? learned.usage : null
    if (call.method === 'DELETE' && route.operation.endsObject) return 'unknown'
  }
  // A client's own call may have asked for something else. Only the gateway's own follow-up has one meaning.
  return copy?.kind === 'follow_up' && ending === 'whole' ? silentEndOf(exchange, relayed, id, followUps) : null
}

/**
 * True when the usage covers all of the work. Work that continues, or a stream left in its middle, would report more.
 */
function isLast({ finishReason, isFinished, usageSoFar }: Relayed['learned']): boolean {
  if (usageSoFar || underWay.has(finishReason ?? '')) return false
  return isFinished || finishReason !== null
}

/** The end that a follow-up shows when its answer reports no usage. */
function silentEndOf(
  { route }: Authenticated,
  { learned, status, unwritten }: Relayed,
  id: string,
  followUps: DebtFollowUps,
): Usage | 'unknown' | null {
  const state = learned.finishReason ?? ''
  const isGone = status === 404 || status === 410
  const hasEnded = status !== null && status < 300 && state !== '' && !underWay.has(state)
  if (hasEnded && route.operation.object === 'batch') {
    const { answersFile, completed } = endOfBatch(unwritten)
    // Validation failed, or the batch ended before its first line: nothing ran.
    if (state === 'failed' || completed === 0) return noUsage
    if (answersFile !== null && followUps.queueAnswersFile(id, answersFile)) return null
  }
  return (isGone || hasEnded) && followUps.noteSilentEnd(id) ? 'unknown' : null
}

/** The file of answers of a batch that has ended, and its number of answered lines. */
function endOfBatch(body: readonly Buffer[]): {
  readonly answersFile: string | null
  readonly completed: number | null
} {
  try {
    const batch = JSON.parse(Buffer.concat(body).toString()) as unknown
    const { output_file_id: file, request_counts: counts } = isRecord(batch) ? batch : {}
    const completed = isRecord(counts) ? counts['completed'] : null
    return { answersFile: textOrNull(file), completed: typeof completed === 'number' ? completed : null }
  } catch {
    return { answersFile: null, completed: null }
  }
}
