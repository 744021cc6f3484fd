/** The table `bodies` of a question: read from the journal, newest record first, as far as its bounds go. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { assemble } from '../../wire/assemble.ts'
import { BodyReader } from '../journal/bodies.ts'
import { type Bodies, bodiesOf } from '../search/bodies-of.ts'
import { type BodyPlace, eachPlace, isOver } from '../search/places.ts'
import { bodiesTable } from './columns.ts'
import type { BodiesRead } from './index.ts'
import type { TaskBodies } from './messages.ts'

/** As in the answer of one record's bodies: parsing a longer document takes long. */
const assembledBytesMax = 4 * 1_048_576
const rowsAtOnce = 256

/** @param made database in which the table is made. */
export async function makeBodies(connection: DuckDBConnection, made: string, task: TaskBodies): Promise<BodiesRead> {
  const { places, journal, deletedBeforeMs, bounds } = task
  await connection.run(`CREATE TABLE ${made}.bodies (id VARCHAR, request VARCHAR, response VARCHAR, answer VARCHAR)`)
  const appender = await connection.createAppender('bodies', 'main', made)
  const counts = { read: 0, deleted: 0, uncaptured: 0, unread: 0 }
  const endMs = performance.now() + bounds.ms
  const reader = new BodyReader(journal)
  let bytes = 0
  try {
    for (const place of eachPlace(places)) {
      counts.read += 1
      const bodies = isOver(place, deletedBeforeMs) ? 'deleted' : bodiesOf(reader, place, bounds.recordBytes)
      if (typeof bodies === 'string') counts[bodies] += 1
      else {
        bytes += bodies.request.byteLength + bodies.response.byteLength
        for (const text of [place.id, ...textsOf(place, bodies)]) {
          if (text === null) appender.appendNull()
          else appender.appendVarchar(text)
        }
        appender.endRow()
      }
      if (counts.read % rowsAtOnce === 0) appender.flushSync()
      if (bytes >= bounds.bytes || performance.now() >= endMs) break
    }
  } finally {
    reader.close()
    appender.closeSync()
  }
  const columns = bodiesTable.columns.map(({ name, type }) => `${name}::${type} AS ${name}`)
  await connection.run(`CREATE VIEW memory.main.bodies AS SELECT ${columns.join(', ')} FROM ${made}.bodies`)
  return { records: places.records, ...counts }
}

function textsOf({ operation, stream }: BodyPlace, { request, response }: Bodies): readonly (string | null)[] {
  const isShort = response.byteLength <= assembledBytesMax && response.byteLength > 0
  const answer = isShort ? JSON.stringify(assemble(operation, stream, response)) : null
  return [textOf(request), textOf(response), answer]
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Null for bytes that are no text, as sound and compressed answers, and for none. */
function textOf(bytes: Buffer): string | null {
  if (bytes.byteLength === 0) return null
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}
