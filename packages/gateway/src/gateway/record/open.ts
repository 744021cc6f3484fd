import { LedgerError } from '../../ledger/index.ts'
import { ClientLeft } from '../call.ts'
import { captured } from '../endings.ts'
import { Refusal } from '../refusals.ts'
import type { GatewayParts } from '../serve.ts'
import { type Account, opened } from './index.ts'

/**
 * The record's first half. It is with the kernel before the backend can begin to bill (P1): from here on a crash leaves a trace.
 * @throws Refusal ledger_unwritable; ClientLeft
 */
export async function openRecord(account: Account, parts: GatewayParts): Promise<void> {
  if (account.call.res.destroyed) throw new ClientLeft()
  try {
    await parts.journal.open(opened(account), captured(account))
    account.isOpen = true
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    if (!parts.continueUnrecorded) throw new Refusal('ledger_unwritable', {}, { cause })
    // Not lost yet: the end carries the whole record, should there be room again by then.
  }
}
