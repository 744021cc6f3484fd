/**
 * Tokens that are reported later: a response in the background and a batch say what they used when somebody asks for them after their
 * end. The call that begins them owes; the first answer that reports it is charged, and every further one counts nothing.
 */
import { noUsage, type Usage } from '../../ledger/record.ts'
import type { Limits } from '../../limits/index.ts'
import type { Debt } from '../../objects/index.ts'
import { underWay } from '../../wire/background.ts'
import { isEventStream } from '../../wire/mediaTypes.ts'
import type { FollowUps } from '../follow-ups/index.ts'
import type { Relayed } from '../relay/index.ts'
import { boundedUsage, boundOf } from './bound.ts'
import type { Account } from './index.ts'

/** True for an answer that says that the object is at work: nothing is to be counted in it. */
export function isBegun({ route }: Account, { learned, contentType, status }: Relayed): boolean {
  if (route === null || status === null || status >= 300 || learned.usage !== null || learned.objectId === null)
    return false
  const { creates } = route.operation
  if (creates !== 'response' && creates !== 'batch') return false
  // It goes on at the instance, however its stream has ended here: `GET responses/{id}?stream=true` takes it up again.
  if (learned.isBackground) return true
  // Any other stream says itself what it used, and ends with its connection; one that breaks off is counted by its text.
  if (isEventStream(contentType)) return false
  return underWay.has(learned.finishReason ?? '')
}

/** Notes what the object owes, with what was reserved for it. */
export function beginDebt(
  account: Account,
  relayed: Relayed,
  parts: { readonly limits: Pick<Limits, 'learned'>; readonly followUps: FollowUps },
): Usage {
  const debt = debtOf(account, relayed, parts)
  if (debt === null) return noUsage
  parts.followUps.owes(debt, account.lease?.keep() ?? null)
  return { ...noUsage, source: 'owed' }
}

function debtOf(
  account: Account,
  { learned, servedDeployment }: Relayed,
  parts: { readonly limits: Pick<Limits, 'learned'> },
): Debt | null {
  const { call, caller, grant, route, asked, instance } = account
  const { objectId } = learned
  if (caller === null || grant === null || route === null || instance === null || objectId === null) return null
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
    bound: boundOf(account, parts),
  }
}

/** Of an answer about an object that was made before. */
export async function usageOfObject(
  account: Account,
  relayed: Relayed,
  { followUps }: { readonly followUps: FollowUps },
): Promise<Usage> {
  const { route } = account
  const id = route?.objectId ?? null
  if (id === null || route === null || route.operation.tells === null) return noUsage
  const end = endOf(account, relayed, id, followUps)
  if (end === null) return noUsage
  const collected = await followUps.collect(id)
  if (collected === null) return noUsage
  account.charges = collected
  return end === 'unknown' ? boundedUsage(collected.debt.bound) : end
}

/** What the answer says that the object used; `unknown` when nobody will ever know, null while it may still be told. */
function endOf(
  { call, route, copy }: Account,
  { learned, status, ending }: Relayed,
  id: string,
  followUps: FollowUps,
): Usage | 'unknown' | null {
  const state = learned.finishReason ?? ''
  if (status !== null && status < 300) {
    if (learned.usage !== null) return underWay.has(state) ? null : learned.usage
    if (call.method === 'DELETE' && route?.operation.endsObject === true) return 'unknown'
  }
  // What a client's own call shows of this may be the answer to something else; the gateway's own question has one meaning.
  if (copy?.kind !== 'follow_up' || ending !== 'whole' || status === null) return null
  const isGone = status === 404 || status === 410
  const isSilent = status < 300 && state !== '' && !underWay.has(state)
  if (!(isGone || isSilent)) return null
  // Validation has failed: no line of it was run.
  if (state === 'failed' && route?.operation.object === 'batch') return noUsage
  return followUps.isSilent(id) ? 'unknown' : null
}
