import type { UsageReport } from '../../ledger/reports.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { periodOf } from '../terminal/periods.ts'

/** Replaces callers' keys by names, for people to read. */
export type NameCaller = (text: string) => string

/**
 * Latest display names in the ledger of the past 31 days; a caller without one is shown by the second half of its key.
 */
export async function callerNames(context: CliContext, as: string | undefined): Promise<NameCaller> {
  const query = { by: 'caller', ...periodOf('31d', undefined, context.clock) }
  const { lines } = await askAdmin<UsageReport>(context, { path: '/api/v1/usage', query, as })
  const names = new Map(lines.map(({ keys, callerKey }) => [callerKey, keys[0] ?? null]))
  return text =>
    text.replace(/\b(?:user|app):[0-9a-f-]+\/([0-9a-f-]+)/g, (key: string, id: string) => names.get(key) ?? id)
}
