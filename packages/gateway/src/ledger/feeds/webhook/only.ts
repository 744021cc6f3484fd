import type { RecordedExchange } from '../index.ts'
import type { OnlyRecords } from './settings.ts'

/** True for an exchange that meets every part. A cost in another currency is not compared. */
export function isWanted({ codes, tokens, cost }: OnlyRecords, { closed }: Pick<RecordedExchange, 'closed'>): boolean {
  if (codes !== undefined && (closed.outcomeCode === null || !codes.includes(closed.outcomeCode))) return false
  if (tokens !== undefined && (closed.usage.totalTokens ?? 0) < tokens) return false
  if (cost === undefined) return true
  return closed.cost !== null && closed.cost.currency === cost.currency && closed.cost.nano >= cost.nano
}
