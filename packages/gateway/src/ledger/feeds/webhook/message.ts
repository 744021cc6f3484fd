import { createHash } from 'node:crypto'
import type { FedRecord, FeedColumn, FeedForm } from '../forms.ts'

/** A record as JSON, ready to be sent. */
export interface WebhookRecord {
  readonly id: string
  readonly endedAtMs: number
  /** JSON. */
  readonly text: string
}

export function webhookRecord(id: string, record: FedRecord, columns: readonly FeedColumn[]): WebhookRecord {
  const text = JSON.stringify(Object.fromEntries(columns.map(column => [column.name, column.cell(record)])))
  return { id, endedAtMs: record.row.endedAtMs, text }
}

/**
 * `webhook-id`: the same whenever the same records are sent, also after a restart. Receivers use it to take a message
 * once.
 */
export function messageId(records: readonly WebhookRecord[]): string {
  const [only, ...others] = records
  if (only !== undefined && others.length === 0) return `record_${only.id}`
  const hash = createHash('sha256').update(records.map(({ id }) => id).join('\n'))
  return `records_${hash.digest('hex').slice(0, 32)}`
}

/**
 * `{"type":"records.gatehouse","timestamp":"2026-11-26T14:30:00.700Z","data":{"feed":"alerts","records":[...]}}`. The
 * type has the name of the form, and the time is that of the last record's end.
 */
export function messageBody(feed: string, form: FeedForm, records: readonly WebhookRecord[]): Buffer {
  const timestamp = new Date(records.at(-1)?.endedAtMs ?? 0).toISOString()
  const head = JSON.stringify({ type: `records.${form}`, timestamp, data: { feed, records: [] } })
  const texts = records.map(({ text }) => text).join()
  // The last three characters close the list and the two objects around it.
  return Buffer.from(head.slice(0, -3) + texts + head.slice(-3))
}
