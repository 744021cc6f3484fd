import { LedgerError } from '../index.ts'

/** The system's code of an error, as `ENOSPC`. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}

/** What callers are told while the disk takes no writes. */
export function unwritable(cause: unknown): LedgerError {
  const code = codeOf(cause)
  const hint = code === 'ENOSPC' || code === 'EDQUOT' ? ' Free space on the disk that holds it.' : ''
  return new LedgerError('ledger_unwritable', `The ledger's journal cannot be written (${code}).${hint}`, { cause })
}
