import { LedgerError } from '../../../ledger/index.ts'
import { ClientLeft } from '../../call.ts'
import { type Exchange, noteOpened } from '../../exchange.ts'
import type { GatewayParts } from '../../parts.ts'
import { Refusal } from '../../refusals.ts'
import { captured, opened } from './index.ts'

export type OpenRecordParts = Pick<GatewayParts, 'journal' | 'continueUnrecorded'>

/**
 * Writes the record's first half. It is with the kernel before the backend can begin to bill (P1): from here on a crash
 * leaves a trace.
 * @throws Refusal ledger_unwritable; ClientLeft
 */
export async function openRecord(exchange: Exchange, parts: OpenRecordParts): Promise<void> {
  if (exchange.call.res?.destroyed === true) throw new ClientLeft()
  try {
    const half = opened(exchange)
    await parts.journal.open(half, captured(exchange))
    noteOpened(exchange, half)
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    if (!parts.continueUnrecorded) throw new Refusal('ledger_unwritable', {}, { cause })
    // Not lost yet: `closed` carries the whole record, if there is room again by then.
  }
}
