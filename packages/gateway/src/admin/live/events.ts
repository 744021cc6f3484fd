/** Server-sent events as bytes, made once for all streams that send them. */
import type { RecordRow } from '../../ledger/record.ts'
import type { FollowedRecord } from '../../ledger/reports.ts'

/** @param data one line, as JSON is. @param id where a stream goes on after it; null to leave that as it was. */
export function eventText(event: string, data: string, id: string | null): string {
  return `event: ${event}\n${id === null ? '' : `id: ${id}\n`}data: ${data}\n\n`
}

/** Some records that came one after the other. */
export class LivePiece {
  readonly #records: readonly FollowedRecord[]
  #rows: readonly RecordRow[] | null = null
  #events: Uint8Array | null = null

  /** @param records at least one. */
  constructor(records: readonly FollowedRecord[]) {
    this.#records = records
  }

  get size(): number {
    return this.#records.length
  }

  /** To go on after its last record. */
  get cursor(): string {
    return this.#records.at(-1)?.cursor ?? '0'
  }

  /** The part after a cursor, which is before the cursor of this one. */
  after(cursor: number): LivePiece {
    const from = this.#records.findIndex(one => Number(one.cursor) > cursor)
    return from === 0 ? this : new LivePiece(this.#records.slice(from))
  }

  /** Events of all its records. */
  get events(): Uint8Array {
    this.#events ??= bytesOf(this.#records)
    return this.#events
  }

  /** Events of the records that are wanted; null for none. Only streams with a filter need the rows. */
  eventsOf(isWanted: (row: RecordRow) => boolean): Uint8Array | null {
    this.#rows ??= this.#records.map(({ json }) => JSON.parse(json) as RecordRow)
    const rows = this.#rows
    const wanted = this.#records.filter((_, at) => isWanted(rows[at] as RecordRow))
    if (wanted.length === this.#records.length) return this.events
    return wanted.length === 0 ? null : bytesOf(wanted)
  }
}

function bytesOf(records: readonly FollowedRecord[]): Uint8Array {
  return Buffer.from(records.map(({ json, cursor }) => eventText('record', json, cursor)).join(''))
}
