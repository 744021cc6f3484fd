/**
 * Finds members of a JSON document's outermost object without building the document. The gateway must read a handful of
 * members (`model`, `stream`, `usage`) of bodies that may be megabytes, must change one of them without touching any
 * other byte, and must notice what `JSON.parse` hides: a key that stands twice, of which the backend may take the other.
 * Grammar: RFC 8259. Values are skipped by brackets and strings, not validated: what is malformed inside is the backend's to refuse.
 */

export interface MemberRange {
  /** Offset of the key's opening quote. */
  readonly keyStart: number
  readonly valueStart: number
  /** Offset behind the value's last byte. */
  readonly valueEnd: number
}

export type ScanFault = 'not_an_object' | 'malformed' | 'too_deep' | 'duplicate_key'

export interface Scan {
  /** Offset behind the opening brace. */
  readonly openEnd: number
  readonly empty: boolean
  readonly members: ReadonlyMap<string, MemberRange>
}

export class JsonScanError extends Error {
  readonly fault: ScanFault
  /** Byte offset. */
  readonly offset: number
  readonly key: string | null
  constructor(fault: ScanFault, offset: number, key: string | null = null) {
    super(`${fault} at byte ${offset}`)
    this.name = 'JsonScanError'
    this.fault = fault
    this.offset = offset
    this.key = key
  }
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const braceOpen = 0x7b
const braceClose = 0x7d
const bracketOpen = 0x5b
const bracketClose = 0x5d

/** Deepest nesting that is read. Far beyond what any request needs, far below what hurts a parser. */
export const depthMax = 128

/**
 * @param wanted Keys to report; each may stand once at most, however it is escaped.
 * @throws JsonScanError when the bytes are no object, break off, nest deeper than `depthMax`, or repeat a wanted key.
 */
export function scanObject(bytes: Buffer, wanted: ReadonlySet<string>, start = 0, end = bytes.length): Scan {
  let at = skipSpace(bytes, start, end)
  // A byte order mark is not JSON, but editors write it and backends take it.
  if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at = skipSpace(bytes, at + 3, end)
  if (at >= end || bytes[at] !== braceOpen) throw new JsonScanError('not_an_object', at)
  const openEnd = at + 1
  const members = new Map<string, MemberRange>()
  at = skipSpace(bytes, openEnd, end)
  if (bytes[at] === braceClose && at < end) {
    requireEnd(bytes, at + 1, end)
    return { openEnd, empty: true, members }
  }
  for (;;) {
    if (at >= end || bytes[at] !== quote) throw new JsonScanError('malformed', at)
    const keyStart = at
    const keyEnd = skipString(bytes, at, end)
    at = skipSpace(bytes, keyEnd, end)
    if (at >= end || bytes[at] !== colon) throw new JsonScanError('malformed', at)
    const valueStart = skipSpace(bytes, at + 1, end)
    const valueEnd = skipValue(bytes, valueStart, end)
    const key = keyText(bytes, keyStart, keyEnd)
    if (wanted.has(key)) {
      if (members.has(key)) throw new JsonScanError('duplicate_key', keyStart, key)
      members.set(key, { keyStart, valueStart, valueEnd })
    }
    at = skipSpace(bytes, valueEnd, end)
    if (at >= end) throw new JsonScanError('malformed', at)
    if (bytes[at] === braceClose) break
    if (bytes[at] !== comma) throw new JsonScanError('malformed', at)
    at = skipSpace(bytes, at + 1, end)
  }
  requireEnd(bytes, at + 1, end)
  return { openEnd, empty: false, members }
}

/** The member's value, parsed. @throws JsonScanError when it is not JSON. */
export function memberValue(bytes: Buffer, range: MemberRange): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', range.valueStart, range.valueEnd)) as unknown
  } catch {
    throw new JsonScanError('malformed', range.valueStart)
  }
}

/** The document with one member set: its value replaced where it stands, or put first. All other bytes stay as they were. */
export function withMember(bytes: Buffer, scan: Scan, key: string, json: string): Buffer {
  const range = scan.members.get(key)
  if (range) {
    return Buffer.concat([bytes.subarray(0, range.valueStart), Buffer.from(json), bytes.subarray(range.valueEnd)])
  }
  const member = `${JSON.stringify(key)}:${json}${scan.empty ? '' : ','}`
  return Buffer.concat([bytes.subarray(0, scan.openEnd), Buffer.from(member), bytes.subarray(scan.openEnd)])
}

/**
 * The ranges that remain of a document when one member is taken out, with the comma that goes with it.
 * @returns [end of the first part, start of the second part], offsets into `bytes`.
 */
export function withoutMember(bytes: Buffer, scan: Scan, range: MemberRange, end: number): [number, number] {
  const after = skipSpace(bytes, range.valueEnd, end)
  if (bytes[after] === comma) return [range.keyStart, skipSpace(bytes, after + 1, end)]
  let before = range.keyStart - 1
  while (before > scan.openEnd && isSpace(bytes[before] as number)) before -= 1
  return [bytes[before] === comma ? before : range.keyStart, range.valueEnd]
}

function requireEnd(bytes: Buffer, from: number, end: number): void {
  const at = skipSpace(bytes, from, end)
  if (at < end) throw new JsonScanError('malformed', at)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

export function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && isSpace(bytes[at] as number)) at += 1
  return at
}

/** Keys and most values are shorter: for them a loop is faster than the call of a native search. */
const shortString = 24

/** From an opening quote to behind the closing one. Long texts are searched natively and cost next to nothing. */
export function skipString(bytes: Buffer, from: number, end: number): number {
  const near = Math.min(end, from + shortString)
  let at = from + 1
  for (; at < near; at += 1) {
    const byte = bytes[at]
    if (byte === quote) return at + 1
    if (byte === backslash) at += 1
  }
  // Here `at` stands behind whole characters and escapes, so that backslashes are counted from it on.
  const whole = at
  for (;;) {
    const close = bytes.indexOf(quote, at)
    if (close === -1 || close >= end) throw new JsonScanError('malformed', from)
    let slashes = 0
    while (close - 1 - slashes >= whole && bytes[close - 1 - slashes] === backslash) slashes += 1
    if (slashes % 2 === 0) return close + 1
    at = close + 1
  }
}

function skipValue(bytes: Buffer, from: number, end: number): number {
  if (from >= end) throw new JsonScanError('malformed', from)
  const first = bytes[from] as number
  if (first === quote) return skipString(bytes, from, end)
  if (first === braceOpen || first === bracketOpen) return skipNested(bytes, from, end)
  let at = from
  while (at < end && isScalar(bytes[at] as number)) at += 1
  if (at === from) throw new JsonScanError('malformed', from)
  return at
}

/** Bytes of numbers, true, false and null. */
function isScalar(byte: number): boolean {
  return byte !== comma && byte !== braceClose && byte !== bracketClose && !isSpace(byte)
}

function skipNested(bytes: Buffer, from: number, end: number): number {
  let depth = 1 // the outermost object
  let at = from
  while (at < end) {
    const byte = bytes[at] as number
    if (byte === quote) {
      at = skipString(bytes, at, end)
      continue
    }
    if (byte === braceOpen || byte === bracketOpen) {
      depth += 1
      if (depth > depthMax) throw new JsonScanError('too_deep', at)
    } else if (byte === braceClose || byte === bracketClose) {
      depth -= 1
      if (depth === 1) return at + 1
    }
    at += 1
  }
  throw new JsonScanError('malformed', from)
}

function keyText(bytes: Buffer, keyStart: number, keyEnd: number): string {
  const raw = bytes.toString('utf8', keyStart + 1, keyEnd - 1)
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    throw new JsonScanError('malformed', keyStart)
  }
}
