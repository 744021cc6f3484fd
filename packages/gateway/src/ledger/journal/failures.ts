import { codeOf } from '../../errors.ts'
import { LedgerError } from '../index.ts'

/** The error that callers get while the disk takes no writes. */
export function unwritable(cause: unknown): LedgerError {
  const code = codeOf(cause) ?? String(cause)
  const hint = code === 'ENOSPC' || code === 'EDQUOT' ? ' Free space on the disk that holds it.' : ''
  return new LedgerError('ledger_unwritable', `The ledger's journal cannot be written (${code}).${hint}`, { cause })
}
