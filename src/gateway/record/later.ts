/**
 * Tokens that are reported later: a response in the background and a batch say what they used when somebody asks for them after their
 * end. Whoever sees it first counts it, and every further look counts nothing.
 */
import { noUsage, type Usage } from '../../ledger/record.ts'
import type { Objects } from '../../objects/index.ts'
import { isEventStream } from '../../wire/mediaTypes.ts'
import type { Relayed } from '../relay/index.ts'
import { underWay } from '../relay/learn.ts'
import type { Account } from './index.ts'

/** True for an answer that says that the object is at work: nothing is to be counted in it. */
export function isBegun({ route }: Account, { learned, contentType, status }: Relayed): boolean {
  if (route === null || status === null || status >= 300 || learned.usage !== null) return false
  // A stream says itself what it used; one that breaks off is counted by its text.
  if (isEventStream(contentType)) return false
  const { creates } = route.operation
  return (creates === 'response' || creates === 'batch') && underWay.has(learned.finishReason ?? '')
}

/** Of an answer about an object that was made before. */
export async function usageOfObject({ route }: Account, { learned }: Relayed, objects: Objects): Promise<Usage> {
  const id = route?.objectId ?? null
  if (id === null || learned.usage === null || route?.operation.tells === null) return noUsage
  if (underWay.has(learned.finishReason ?? '')) return noUsage
  return (await objects.collects(id)) ? learned.usage : noUsage
}
