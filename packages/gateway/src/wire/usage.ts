import type { Usage } from '../ledger/record.ts'
import { reportedUsage } from './reported-usage.ts'

/** A backend's `usage` object as the ledger keeps it, whichever of its shapes it has. Null when it holds no figure. */
export function usageFrom(value: unknown): Usage | null {
  const reported = reportedUsage(value)
  if (reported === null) return null
  const total = reported.totalTokens ?? (reported.promptTokens ?? 0) + (reported.completionTokens ?? 0)
  return { ...reported, source: 'reported', totalTokens: total }
}
