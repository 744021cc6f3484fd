/** Bytes of JSON (RFC 8259) that structure it, and the texts between its quotes. */

export const quote = 0x22
export const backslash = 0x5c
export const colon = 0x3a
export const comma = 0x2c
export const braceOpen = 0x7b
export const braceClose = 0x7d
export const bracketOpen = 0x5b
export const bracketClose = 0x5d

/** White space between two parts of a document. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** The text whose characters and escapes are between two quotes; null when an escape is none. */
export function unescaped(raw: string): string | null {
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return null
  }
}
