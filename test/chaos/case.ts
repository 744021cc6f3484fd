/** One call as the client, the ledger and the bill have it. */
import type { RecordBodies, RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { BillLine } from '../../packages/simulator/src/types.ts'
import type { Seen } from './client.ts'
import type { Plan } from './plans.ts'
import { type Read, read } from './reader.ts'
import { metadataWorkload } from './world.ts'

export interface Case {
  /** The answer of a second member that a hedge was sent to; null if there was none. */
  readonly hedge: Buffer | null
  readonly outages: boolean
  readonly diskFull: boolean
  /** The most tokens that any call was billed: no bound has learned more than that. */
  readonly mostBilled: number
  readonly plan: Plan
  readonly seen: Seen
  readonly row: RecordRow
  /** Null when no backend was reached. */
  readonly line: BillLine | null
  readonly response: Buffer
  readonly request: Buffer
  readonly read: Read
}

export function caseOf(
  seen: Seen,
  row: RecordRow,
  line: BillLine | null,
  kept: RecordBodies | null,
): Omit<Case, 'outages' | 'diskFull' | 'mostBilled' | 'hedge'> {
  const response = Buffer.from(kept?.response ?? [])
  const { plan } = seen
  const isStream = isStreamed(plan, row)
  if (row.workload === metadataWorkload) {
    const said = read(plan.operation, isStream, withoutBreak(seen.body))
    return { plan, seen, row, line, response, request: Buffer.from(kept?.request ?? []), read: said }
  }
  const said = read(plan.operation, isStream, response)
  return { plan, seen, row, line, response, request: Buffer.from(kept?.request ?? []), read: said }
}

export function isStreamed(plan: Plan, row: RecordRow): boolean {
  // The record of an interrupted exchange does not contain the answer's content type.
  if (row.outcome === 'interrupted') return plan.stream
  return row.responseContentType?.startsWith('text/event-stream') === true
}

/** Without the event by which the gateway reports that a stream broke off. */
export function withoutBreak(body: Buffer): Buffer {
  const at = body.lastIndexOf('\n\ndata: {"error":{"message":"The answer broke off')
  return at === -1 ? body : body.subarray(0, at)
}

export function describe({ plan, seen, row, line }: Case): string {
  const asked = `${plan.operation}${plan.stream ? ' streamed' : ''} fault=${plan.fault} leave=${JSON.stringify(plan.leave)}`
  const billed = line === null ? 'not billed' : `billed ${line.status} ${line.promptTokens}+${line.completionTokens}`
  return `${plan.mark} ${row.id} (${asked}; client ${seen.ended} ${seen.status}; ${row.outcome}; ${billed})`
}
