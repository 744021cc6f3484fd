/** The tokens that a call has used. One type for reported, counted and recorded usage. */
import { type ReportedUsage, reportedUsage } from './reported-usage.ts'

/**
 * Source of the token figures.
 * - `reported`: the backend's own report.
 * - `counted`: the gateway's tokenizer counted the text that passed.
 * - `bounded`: the true figures are unknown, so they are a bound: at least the text that passed, and at least the
 *   reserved or learned tokens.
 * - `owed`: the call began work in the background. A later record has the figures: it names this record in `copyOf`, or
 *   the same object.
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

/** Usage that the backend did not report: counted from the text, or a bound. */
export function unreportedUsage(
  source: 'counted' | 'bounded',
  promptTokens: number | null,
  completionTokens: number,
): Usage {
  return { ...noUsage, source, promptTokens, completionTokens, totalTokens: (promptTokens ?? 0) + completionTokens }
}

/** A backend's `usage` object as the ledger keeps it, in any of its shapes. Null when it has no figure. */
export function usageFrom(value: unknown): Usage | null {
  const reported = reportedUsage(value)
  if (reported === null) return null
  const total = reported.totalTokens ?? (reported.promptTokens ?? 0) + (reported.completionTokens ?? 0)
  return { ...reported, source: 'reported', totalTokens: total }
}
