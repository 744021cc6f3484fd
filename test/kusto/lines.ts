/** Lines as feeds of the form `gatehouse` send them, with long records in parts. */
import { MessageWriter } from '../../packages/gateway/src/ledger/feeds/documents/index.ts'
import type { RecordedExchange } from '../../packages/gateway/src/ledger/feeds/index.ts'
import type { RecordBodies, RecordRow } from '../../packages/gateway/src/ledger/record.ts'

export type Line = Readonly<Record<string, unknown>>

const writer = new MessageWriter({ form: 'gatehouse', columns: null, bodies: true, gzip: false })

/** The line of a record that is sent whole. */
export function lineOf(row: RecordRow, bodies: RecordBodies | null): Line {
  return linesOf(row, bodies, Number.MAX_SAFE_INTEGER)[0] ?? {}
}

/** The lines of a record, none longer than this. */
export function linesOf(row: RecordRow, bodies: RecordBodies | null, bytesMax: number): readonly Line[] {
  return [...writer.messages(exchangeOf(row, bodies), bytesMax)].map(({ body }) => {
    if (body.byteLength > bytesMax) throw new RangeError(`a line has ${body.byteLength} bytes`)
    return JSON.parse(String(body)) as Line
  })
}

function exchangeOf(row: RecordRow, bodies: RecordBodies | null): RecordedExchange {
  const bytesOf = (body: Uint8Array | null | undefined): Buffer[] => (body ? [Buffer.from(body)] : [])
  const read = { request: bytesOf(bodies?.request), response: bytesOf(bodies?.response) }
  return {
    ...{ id: row.id, opened: row, closed: row },
    ...{ journal: 'journal', closedAt: 0, bodies: { openedAt: 0, parts: [], closedAt: 0 } },
    readBodies: () => read,
    bodyPieces: direction => read[direction],
  }
}
