import { codeOf } from '../../errors.ts'
import { LedgerError } from '../index.ts'

/** A sync failed: what was written before it may be lost, though the next sync succeeds. */
export class UnsyncedError extends Error {
  constructor(cause: unknown) {
    super(`It could not be synced: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'UnsyncedError'
  }
}

/** The error that callers get while the disk takes no writes. */
export function unwritable(cause: unknown): LedgerError {
  const code = codeOf(cause instanceof UnsyncedError ? cause.cause : cause) ?? String(cause)
  const hint = code === 'ENOSPC' || code === 'EDQUOT' ? ' Free space on the disk that holds it.' : ''
  return new LedgerError('ledger_unwritable', `The ledger's journal cannot be written (${code}).${hint}`, { cause })
}
