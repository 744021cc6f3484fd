/** Numbers and literals of a JSON document (RFC 8259), strictly. */
import { JsonScanError } from './json-scan.ts'

/** Longest run of digits. A longer one has no meaning, and the scan could not pause within it. */
const digitsMax = 4_096

/** @returns the offset after the number or the literal that begins at `at`. @throws JsonScanError malformed */
export function scalarEnd(bytes: Buffer, at: number, end: number): number {
  const byte = bytes[at] as number
  const after = byte === 0x2d || (byte >= 0x30 && byte <= 0x39) ? numberEnd(bytes, at, end) : literalEnd(bytes, at)
  if (after > end) throw new JsonScanError('malformed', at)
  return after
}

function numberEnd(bytes: Buffer, from: number, end: number): number {
  let at = bytes[from] === 0x2d ? from + 1 : from
  if (bytes[at] === 0x30) at += 1
  else at = digitsEnd(bytes, at, end)
  if (bytes[at] === 0x2e) at = digitsEnd(bytes, at + 1, end)
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    at += 1
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at += 1
    at = digitsEnd(bytes, at, end)
  }
  return at
}

function digitsEnd(bytes: Buffer, from: number, end: number): number {
  const most = Math.min(end, from + digitsMax)
  let at = from
  for (; at < most; at += 1) {
    const byte = bytes[at] as number
    if (byte < 0x30 || byte > 0x39) break
  }
  if (at === from || at - from === digitsMax) throw new JsonScanError('malformed', at)
  return at
}

const literals: ReadonlyMap<number, Buffer> = new Map(
  ['true', 'false', 'null'].map(word => [word.charCodeAt(0), Buffer.from(word)]),
)

/** @returns the offset after the literal; infinity where there is none. */
function literalEnd(bytes: Buffer, at: number): number {
  const word = literals.get(bytes[at] as number)
  if (word === undefined) return Number.POSITIVE_INFINITY
  for (let index = 1; index < word.length; index += 1) {
    if (bytes[at + index] !== word[index]) return Number.POSITIVE_INFINITY
  }
  return at + word.length
}
