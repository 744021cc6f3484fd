import { createHash } from 'node:crypto'

/** The UUID of a text, always the same: version 8 (RFC 9562), from a digest of the text. */
export function uuidOf(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex')
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`]
  return [...parts, digest.slice(20, 32)].join('-')
}
