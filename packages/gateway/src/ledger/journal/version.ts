import { LedgerError } from '../index.ts'
import { formats, formatVersion, type JournalFormat } from './fields.ts'
import { frameKind } from './frame.ts'

/**
 * Lists of fields that a metadata block of this format has.
 * @throws LedgerError `ledger_directory` for a later format: leaving its entries out would lose records in silence.
 */
export function formatOf({ version }: { readonly version: number }): JournalFormat {
  const format = formats[version]
  if (format !== undefined) return format
  throw new LedgerError(
    'ledger_directory',
    `The journal was written by a newer version (format ${version}, this one knows ${formatVersion}). Run that version, or use another directory.`,
  )
}

/** The error for a whole entry of a kind that only later versions know. It is no damage: its checksum is right. */
export function newerKind(kind: number, version: number): LedgerError {
  return new LedgerError(
    'ledger_directory',
    `The journal was written by a newer version (it has entries of kind ${kind} in format ${version}; this one knows kinds up to ${frameKind.closed} and format ${formatVersion}). Run that version, or use another directory.`,
  )
}
