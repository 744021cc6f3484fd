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
  const hint = hints[code] ?? ''
  return new LedgerError('ledger_unwritable', `The ledger's journal cannot be written (${code}).${hint}`, { cause })
}

const full = ' Free space on the disk that holds it.'
const hints: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: full,
  EEXIST: ' Another process writes it: stop that one, or give this gateway a directory of its own (ledger.directory).',
  EROFS: ' The file system became read-only: look for its errors in the log of the kernel, and mount it again.',
}

/** The error that callers get while a write or sync does not end. */
export function slow(ms: number): LedgerError {
  const seconds = Math.round(ms / 1_000)
  return new LedgerError(
    'ledger_unwritable',
    `The ledger's journal cannot be written: its disk is slow, a write has not ended after ${seconds} s.`,
  )
}

export function closed(): LedgerError {
  return new LedgerError('ledger_closed', 'The ledger has been closed.')
}
