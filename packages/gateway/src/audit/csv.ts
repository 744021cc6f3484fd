/** Entries as lines of CSV, for the management API and the command line. */
import { csvLine } from '../csv.ts'
import type { AuditEntry } from './index.ts'

export const auditCsvHead = csvLine([
  ...['seq', 'time', 'action', 'outcome', 'actor', 'name', 'address', 'requestId', 'reason', 'facts', 'prev', 'hash'],
])

export function auditCsv({ facts, ...entry }: AuditEntry): string {
  const { seq, time, action, outcome, actor, name, address, requestId, reason, prev, hash } = entry
  const who = [seq, time, action, outcome, actor, name, address, requestId, reason]
  return csvLine([...who, JSON.stringify(facts), prev, hash])
}
