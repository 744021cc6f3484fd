/**
 * Tokens that are reported later: a response in the background and a batch say what they used when somebody asks for them after their
 * end. The call that begins them owes; the first answer that reports it is charged, and every further one counts nothing.
 */

import type { Limits } from '../../limits/index.ts'
import type { Debt } from '../../objects/index.ts'
import { underWay } from '../../wire/background.ts'
import { isRecord, textOrNull } from '../../wire/json.ts'
import { noUsage, type Usage } from '../../wire/usage.ts'
import { type Authenticated, noteCharge } from '../exchange.ts'
import type { FollowUps } from '../follow-ups/index.ts'
import type { Relayed } from '../relayed.ts'
import { boundedUsage, boundOf } from './bound.ts'
import type { Unseen } from './unseen.ts'

/** True for an answer that says that the object is at work: nothing is to be counted in it. */
export function isBegun({ route }: Authenticated, { learned, isEventStream, status }: Relayed): boolean {
  if (status === null || status >= 300 || learned.usage !== null || learned.objectId === null) return false
  const { creates } = route.operation
  if (creates !== 'response' && creates !== 'batch') return false
  // It goes on at the instance, however its stream has ended here: `GET responses/{id}?stream=true` takes it up again.
  if (learned.isBackground) return true
  // Any other stream says itself what it used, and ends with its connection; one that breaks off is counted by its text.
  if (isEventStream) return false
  return underWay.has(learned.finishReason ?? '')
}

/** True for a batch that may have been created although its id never came: nobody can ask for its end. */
export function isBatchUnseen({ route, call }: Authenticated, { learned, sentAtMs, status }: Relayed): boolean {
  if (route.operation.creates !== 'batch' || call.method !== 'POST') return false
  return sentAtMs !== null && learned.objectId === null && (status === null || status < 300)
}

type DebtFollowUps = Pick<FollowUps, 'owes' | 'collect' | 'isSilent' | 'readsAnswers'>

interface DebtParts {
  readonly limits: Pick<Limits, 'learned'>
  readonly followUps: DebtFollowUps
  readonly guards: { readonly unseen: Unseen }
}

/** Notes what the object owes, with what was reserved for it. */
export function beginDebt(exchange: Authenticated, relayed: Relayed, parts: DebtParts): Usage {
  const debt = debtOf(exchange, relayed, parts)
  if (debt === null) return noUsage
  parts.followUps.owes(debt, exchange.lease?.keep() ?? null)
  return { ...noUsage, source: 'owed' }
}

/** What it is charged at where nobody can tell: without a maximum, the most that is known of such calls. */
function boundOfDebt(exchange: Authenticated, parts: DebtParts): Debt['bound'] {
  const { promptTokens, completionTokens } = boundOf(exchange, parts)
  const { asked } = exchange
  const { needs, completionTokensAssumed } = parts.guards.unseen
  const isOpen = asked?.deployment != null && asked.completionTokensMax === null
  const most = isOpen ? Math.max(needs.of(asked.deployment).completion, completionTokensAssumed) : 0
  return { promptTokens, completionTokens: Math.max(completionTokens, most) }
}

function debtOf(exchange: Authenticated, { learned, servedDeployment }: Relayed, parts: DebtParts): Debt | null {
  const { call, caller, grant, route, asked, instance } = exchange
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
    deployment: asked?.deployment ?? null,
    servedDeployment,
    apiVersion: route.isV1 ? null : route.apiVersion,
    bound: boundOfDebt(exchange, parts),
  }
}

/** Of an answer about an object that was made before. */
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
  const collected = await followUps.collect(id)
  if (collected === null) return noUsage
  noteCharge(exchange, collected)
  const { kind, deployment, bound } = collected.debt
  if (end === 'unknown') return boundedUsage(bound)
  if (kind === 'response' && deployment !== null) guards.unseen.needs.learn(deployment, end)
  return end
}

/** What the answer says that the object used; `unknown` when nobody will ever know, null while it may still be told. */
function endOf(
  exchange: Authenticated,
  relayed: Relayed,
  id: string,
  followUps: DebtFollowUps,
): Usage | 'unknown' | null {
  const { call, route, copy } = exchange
  const { learned, status, ending } = relayed
  // A file of answers, read by the gateway itself: half of it is no sum.
  if (route.operation.tells === null)
    return ending === 'whole' && status !== null && status < 300 ? learned.usage : null
  if (status !== null && status < 300) {
    if (learned.usage !== null) return isLast(learned) ? learned.usage : null
    if (call.method === 'DELETE' && route.operation.endsObject) return 'unknown'
  }
  // What a client's own call shows of this may be the answer to something else; the gateway's own question has one meaning.
  return copy?.kind === 'follow_up' && ending === 'whole' ? silentEndOf(exchange, relayed, id, followUps) : null
}

/** True where the usage is that of all the work: more would come of work that goes on, and in a stream that was left in its middle. */
function isLast({ finishReason, isFinished, usageSoFar }: Relayed['learned']): boolean {
  if (usageSoFar || underWay.has(finishReason ?? '')) return false
  return isFinished || finishReason !== null
}

/** Of an answer to the gateway's own question that tells no usage. */
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
    // Validation has failed, or it has ended before its first line: nothing was run.
    if (state === 'failed' || completed === 0) return noUsage
    if (answersFile !== null && followUps.readsAnswers(id, answersFile)) return null
  }
  return (isGone || hasEnded) && followUps.isSilent(id) ? 'unknown' : null
}

/** Of a batch that has ended: the file of its answers, and how many lines were answered. */
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
