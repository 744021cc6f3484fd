/** What the fault of a call allows as its end. */
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { BillLine } from '../../packages/simulator/src/types.ts'
import { eventsBeforeFaultMax, type Plan } from './plans.ts'

/** How a call may end if its client stays. A fault in mid-answer may come too late for a short answer. */
export function endingsOf(
  { fault, stream, isRejected }: Plan,
  line: BillLine | null,
  row: RecordRow,
): readonly string[] {
  // Whichever instance answered it: the gateway was refused there, not the caller.
  if (fault === '401') return ['failed credential_refused']
  if (isRejected) return ['completed']
  switch (fault) {
    case 'cut':
      return ['failed backend_cut', 'failed backend_broke', 'completed']
    case 'stall':
      return ['failed stream_idle_timeout', 'failed first_byte_timeout', 'completed']
    case 'slow-first-byte':
      return ['failed first_byte_timeout', 'completed']
    case 'error-frame':
      if (!stream) return ['completed']
      return isShort(line, row) ? ['failed error_in_stream', 'completed'] : ['failed error_in_stream']
    default:
      return ['completed']
  }
}

/** A token that is not reasoning is at least one event, so a stream of more such tokens has met its fault. */
function isShort(line: BillLine | null, { usage }: RecordRow): boolean {
  return line !== null && line.completionTokens - (usage.reasoningTokens ?? 0) < eventsBeforeFaultMax
}

/** Statuses that a call may have if its client stays. */
export function statusesOf({ fault, stream, isRejected }: Plan): readonly number[] {
  if (fault === '401') return [503]
  if (fault !== null && /^\d+$/.test(fault)) return [Number(fault)]
  if (isRejected) return [400]
  switch (fault) {
    case 'content-filter':
      return [200, 400]
    case 'error-frame':
      return stream ? [200] : [500]
    case 'cut':
      return [200, 502]
    case 'stall':
    case 'slow-first-byte':
      return [200, 504]
    default:
      return [200]
  }
}
