/** How values are written that are neither a number nor one text. The store keeps them in the same form. */
import type { AttemptRecord, Closed } from '../record.ts'

/** Longest text that a field keeps, in UTF-16 units. Longer ones are cut: only a malicious client sends them. */
export const textUnitsMax = 0xfffe
/** Attempts that are kept of one exchange. */
const attemptsMax = 100

/**
 * Duration of the only attempt, where its instance and status are the record's own; null when the attempts need their
 * own text.
 */
export function onlyAttemptMs({ attempts, instance, status }: Closed): number | null {
  const first = attempts[0]
  if (first === undefined || attempts.length > 1) return null
  return first.instance === instance && first.status === status && first.error === null ? first.durationMs : null
}

/** Null where `onlyAttemptMs` is enough. */
export function attemptsText(closed: Closed): string | null {
  if (onlyAttemptMs(closed) !== null) return null
  const text = JSON.stringify(closed.attempts.slice(-attemptsMax))
  return text.length > textUnitsMax ? '[]' : text
}

/** Reads what `onlyAttemptMs` and `attemptsText` wrote. */
export function attemptsFrom(
  text: string | null,
  onlyMs: number | null,
  record: Pick<Closed, 'instance' | 'status'>,
): readonly AttemptRecord[] {
  if (text !== null) return JSON.parse(text) as AttemptRecord[]
  if (onlyMs === null || record.instance === null) return []
  return [{ instance: record.instance, status: record.status, durationMs: onlyMs, error: null }]
}

/** Null where there are none. */
export function deploymentsText(names: readonly string[]): string | null {
  if (names.length === 0) return null
  const text = JSON.stringify(names)
  return text.length > textUnitsMax ? null : text
}

/** Reads what `deploymentsText` wrote. */
export function deploymentsFrom(text: string | null): readonly string[] {
  return text === null ? [] : (JSON.parse(text) as string[])
}
