import type { UsageReport } from '../../ledger/reports.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { periodOf } from '../terminal/periods.ts'

/** Puts names where callers' keys stand, for people to read. */
export type NameCaller = (text: string) => string

/** Display names as the ledger last had them, in the past 31 days; who has none is shown by the key's second half. */
export async function callerNames(context: CliContext, as: string | undefined): Promise<NameCaller> {
  const query = { by: 'caller', ...periodOf('31d', undefined, context.clock) }
  const { lines } = await askAdmin<UsageReport>(context, { path: '/api/v1/usage', query, as })
  const names = new Map(lines.map(({ keys, callerKey }) => [callerKey, keys[0] ?? null]))
  return text =>
    text.replace(/\b(?:user|app):[0-9a-f-]+\/([0-9a-f-]+)/g, (key: string, id: string) => names.get(key) ?? id)
}
