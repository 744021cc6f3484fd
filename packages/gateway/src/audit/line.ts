/**
 * One entry as one line: JSON, with `prev` and `hash` at its end. The hash is that of the bytes of the line before
 * `,"hash"`, and these include `prev`. What is hashed is what is written, so no other spelling of an entry passes.
 */
import { hash as digest } from 'node:crypto'
import type { AuditEntry, AuditEvent } from './index.ts'

/** `prev` of the first entry. */
export const noHash = '0'.repeat(64)

/** Last entry of a chain, as the next one needs it. */
export interface ChainEnd {
  /** -1 before the first entry. */
  readonly seq: number
  readonly hash: string
}

export const chainStart: ChainEnd = { seq: -1, hash: noHash }

/** Longest list among the facts; the fact `more` then says how many were left out. */
const listMax = 1_000

export interface Composed {
  readonly entry: AuditEntry
  /** With its line feed. */
  readonly line: string
}

export function compose(event: AuditEvent, timeMs: number, end: ChainEnd): Composed {
  const { action, outcome, actor, name, address, requestId, reason } = event
  const entry = {
    seq: end.seq + 1,
    time: new Date(timeMs).toISOString(),
    ...{ action, outcome, actor, name, address, requestId, reason },
    facts: boundedFacts(event.facts),
    prev: end.hash,
  }
  const text = JSON.stringify(entry).slice(0, -1)
  const hash = sha256(text)
  return { entry: { ...entry, hash }, line: `${text},"hash":"${hash}"}\n` }
}

function boundedFacts(facts: AuditEvent['facts']): AuditEvent['facts'] {
  const long = Object.entries(facts).find(([, value]) => Array.isArray(value) && value.length > listMax)
  if (long === undefined) return facts
  const [name, list] = long as [string, readonly string[]]
  return { ...facts, [name]: list.slice(0, listMax), more: list.length - listMax }
}

const suffix = /^,"hash":"([0-9a-f]{64})"\}$/
/** Bytes of `,"hash":"..."}`. */
const suffixBytes = 75

/** Why a line is no entry, in words. */
export class LineFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LineFault'
  }
}

/**
 * Reads a line and checks its own hash.
 * @param line without its line feed.
 * @throws LineFault
 */
export function readLine(line: Buffer): AuditEntry {
  const text = line.subarray(0, Math.max(0, line.length - suffixBytes))
  const found = suffix.exec(line.subarray(text.length).toString('latin1'))
  if (found === null) throw new LineFault('the line is no entry: it does not end with a hash')
  const hash = found[1] ?? ''
  if (sha256(text) !== hash) throw new LineFault('the entry is not the one that its hash was made of')
  const entry = parsed(`${text.toString('utf8')}}`)
  if (entry === null) throw new LineFault('the line is no entry: it is not of the form of one')
  return { ...entry, hash }
}

function parsed(text: string): Omit<AuditEntry, 'hash'> | null {
  let value: Partial<AuditEntry>
  try {
    value = JSON.parse(text) as Partial<AuditEntry>
  } catch {
    return null
  }
  const { seq, time, action, actor, facts, prev } = value
  const hasForm =
    Number.isSafeInteger(seq) &&
    typeof time === 'string' &&
    typeof action === 'string' &&
    typeof actor === 'string' &&
    typeof facts === 'object' &&
    facts !== null &&
    /^[0-9a-f]{64}$/.test(String(prev))
  return hasForm ? (value as Omit<AuditEntry, 'hash'>) : null
}

function sha256(data: string | Buffer): string {
  return digest('sha256', data, 'hex')
}
