import { LedgerError } from '../../ledger/index.ts'
import { ClientLeft } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import { Refusal } from '../refusals.ts'
import { captured, opened } from './index.ts'

/**
 * The record's first half. It is with the kernel before the backend can begin to bill (P1): from here on a crash leaves a trace.
 * @throws Refusal ledger_unwritable; ClientLeft
 */
export async function openRecord(exchange: Exchange, parts: GatewayParts): Promise<void> {
  if (exchange.call.res.destroyed) throw new ClientLeft()
  try {
    await parts.journal.open(opened(exchange), captured(exchange))
    exchange.isOpen = true
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    if (!parts.continueUnrecorded) throw new Refusal('ledger_unwritable', {}, { cause })
    // Not lost yet: the end carries the whole record, should there be room again by then.
  }
}
