import { dotControls } from './control-characters.ts'

export type CsvCell = string | number | boolean | null

/**
 * One line of CSV (RFC 4180), with a line feed at its end; null is an empty cell. Text that a spreadsheet would run as
 * a formula gets an apostrophe before it, and control characters, which a terminal would act on, become a middle dot:
 * callers choose names and paths in the ledger (OWASP, "CSV injection").
 */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(csvCell).join(',')}\n`
}

function csvCell(cell: CsvCell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const clean = dotControls(cell.replaceAll('\r\n', '\n'))
  const inert = /^[\s\u00a0]*[=+\-@\uff0b\uff0d\uff1d\uff20]|^[\t\r\n]/.test(clean) ? `'${clean}` : clean
  return /[",\r\n]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

/** Billionths of a currency as the exact amount, `157564950` -> `0.157564950`, which spreadsheets can add up. */
export function exactAmount(nano: number): string {
  const digits = String(Math.round(nano)).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
