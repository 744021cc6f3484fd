/** What a call has used, in tokens: one type for what backends report, what is counted here, and what the ledger keeps. */
import { type ReportedUsage, reportedUsage } from './reported-usage.ts'

/**
 * Where token figures come from.
 * - `reported`: the backend's own report.
 * - `counted`: the gateway's tokenizer counted the text that passed.
 * - `bounded`: nothing showed the truth, so the figures are a bound: at least the text that passed, and at least the reserved or learned tokens.
 * - `owed`: the call began work in the background; a later record that names this one in `copyOf` or the same object has the figures.
 * - `none`: nothing was produced, or nothing can be counted.
 */
export const usageSources = ['reported', 'counted', 'bounded', 'owed', 'none'] as const
export type UsageSource = (typeof usageSources)[number]

export interface Usage extends ReportedUsage {
  readonly source: UsageSource
}

export const noUsage: Usage = {
  source: 'none',
  promptTokens: null,
  completionTokens: null,
  totalTokens: null,
  cachedTokens: null,
  reasoningTokens: null,
  audioPromptTokens: null,
  audioCompletionTokens: null,
  imagePromptTokens: null,
  imageCompletionTokens: null,
}

/** A backend's `usage` object as the ledger keeps it, whichever of its shapes it has. Null when it holds no figure. */
export function usageFrom(value: unknown): Usage | null {
  const reported = reportedUsage(value)
  if (reported === null) return null
  const total = reported.totalTokens ?? (reported.promptTokens ?? 0) + (reported.completionTokens ?? 0)
  return { ...reported, source: 'reported', totalTokens: total }
}
