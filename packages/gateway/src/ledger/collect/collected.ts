/** Reads a record of the form `gatehouse` back into what a ledger writes. */
import type { FieldKind } from '../field.ts'
import { type Field, shownFields } from '../fields.ts'
import { closedFrom, openedFrom, type StoredValue } from '../read-fields.ts'
import type { Closed, Opened } from '../record.ts'

/** A record that another gateway wrote, with its bodies. */
export interface CollectedRecord {
  readonly opened: Opened
  readonly closed: Closed
  readonly request: Buffer
  readonly response: Buffer
}

/** Why something is no record of the form `gatehouse`. The message contains no part of a body. */
export class NotARecord extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'NotARecord'
  }
}

export type JsonRecord = Readonly<Record<string, unknown>>

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** Without these, a line is of another form, or has only some columns. */
const required = ['id', 'startedAtMs', 'endedAtMs', 'outcome'] as const

/** @throws NotARecord */
export function collectedRecord(line: JsonRecord): CollectedRecord {
  for (const name of required) {
    if (line[name] === undefined || line[name] === null)
      throw new NotARecord(`it has no ${name}: the feed must send all columns of the form gatehouse`)
  }
  for (const field of checkedFields) checkValue(field, line[field.name] ?? null)
  const values = (field: Field): StoredValue => storedOf(field, line[field.name] ?? null)
  return {
    opened: openedFrom(values),
    closed: closedFrom(values),
    request: bodyOf(line, 'requestBody'),
    response: bodyOf(line, 'responseBody'),
  }
}

function checkId(id: unknown): void {
  if (typeof id !== 'string' || !idPattern.test(id)) throw new NotARecord('its id is no UUID of version 7')
}

const checkedFields = shownFields.filter(({ half }) => half !== 'derived')

const typeOf: Readonly<Record<FieldKind, 'string' | 'number' | 'boolean' | 'list'>> = {
  id: 'string',
  name: 'string',
  text: 'string',
  deployments: 'list',
  attempts: 'list',
  flag: 'boolean',
  timeMs: 'number',
  durationMs: 'number',
  status: 'number',
  tokens: 'number',
  count: 'number',
  bytes: 'number',
  nano: 'number',
}

function checkValue({ name, kind, values }: Field, value: unknown): void {
  if (value === null) return
  const type = typeOf[kind]
  const fits = type === 'list' ? isListOf(kind, value) : typeof value === type
  if (!fits || (typeof value === 'number' && !Number.isFinite(value)))
    throw new NotARecord(`its ${name} is not of the type that the field has`)
  if (values !== undefined && !values.includes(String(value)))
    throw new NotARecord(`its ${name} is a value that this version does not know`)
  if (kind === 'id') checkId(value)
}

function isListOf(kind: FieldKind, value: unknown): boolean {
  if (!Array.isArray(value)) return false
  return value.every(one => (kind === 'deployments' ? typeof one === 'string' : isAttempt(one)))
}

function isAttempt(one: unknown): boolean {
  if (typeof one !== 'object' || one === null) return false
  const { instance, status, durationMs, error } = one as Readonly<Record<string, unknown>>
  const isText = error === null || typeof error === 'string'
  return (
    typeof instance === 'string' &&
    (status === null || Number.isFinite(status)) &&
    Number.isFinite(durationMs) &&
    isText
  )
}

/** Lists are kept as JSON; what only speeds up the journal is not in a record. */
function storedOf({ kind }: Field, value: unknown): StoredValue {
  if (value === null) return null
  return kind === 'deployments' || kind === 'attempts' ? JSON.stringify(value) : (value as StoredValue)
}

function bodyOf(line: JsonRecord, name: 'requestBody' | 'responseBody'): Buffer {
  const text = line[name] ?? null
  const encoding = line[`${name}Encoding`] ?? null
  if (text === null) return Buffer.alloc(0)
  if (typeof text !== 'string' || (encoding !== 'utf8' && encoding !== 'base64'))
    throw new NotARecord(`its ${name} is no text with an encoding`)
  return Buffer.from(text, encoding)
}
