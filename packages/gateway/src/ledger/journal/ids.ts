import { LedgerError } from '../index.ts'

const digitOf = new Int8Array(128).fill(-1)
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16)
  digitOf[text.charCodeAt(0)] = digit
  digitOf[text.toUpperCase().charCodeAt(0)] = digit
}
/** Index of each byte's first digit in a UUID's text. */
const digitAt = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const

const dashesAt = [8, 13, 18, 23] as const

/**
 * Writes the 16 bytes of a UUID. False when `id` is not one. Buffer.from(..., 'hex') on the text without dashes took
 * five times as long.
 */
export function writeId(id: string, target: Uint8Array, at: number): boolean {
  if (id.length !== 36) return false
  for (const at of dashesAt) if (id.charCodeAt(at) !== 45) return false
  let wrong = 0
  for (let index = 0; index < 16; index++) {
    const digit = digitAt[index] as number
    const high = digitOf[id.charCodeAt(digit) & 127] as number
    const low = digitOf[id.charCodeAt(digit + 1) & 127] as number
    wrong |= high | low | (id.charCodeAt(digit) & ~127) | (id.charCodeAt(digit + 1) & ~127)
    target[at + index] = (high << 4) | low
  }
  // -1, and anything beyond ASCII, sets bits above the four of a digit.
  return (wrong & ~15) === 0
}

/** The UUID that `writeId` wrote. */
export function readId(source: Buffer, at: number): string {
  const hex = source.toString('hex', at, at + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Time in a UUID of version 7 (RFC 9562 section 5.7), milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

export function notAnId(id: string): LedgerError {
  const shown = id.length > 64 ? `${id.slice(0, 64)}…` : id
  return new LedgerError('ledger_unwritable', `An exchange's id must be a UUID; this one is ${JSON.stringify(shown)}.`)
}
