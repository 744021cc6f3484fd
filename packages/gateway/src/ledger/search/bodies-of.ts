import { LedgerError } from '../index.ts'
import { BodiesTooLongError, type BodyReader, type JournalBodies } from '../journal/bodies.ts'
import type { BodyPlace } from './places.ts'

/** Whole bodies of a record. */
export interface Bodies {
  readonly request: Buffer
  readonly response: Buffer
}

/** The bodies, or why there are none. */
export function bodiesOf(
  reader: BodyReader,
  { positions, id, bodyBytes }: Pick<BodyPlace, 'positions' | 'id' | 'bodyBytes'>,
  bytesMax: number,
): Bodies | 'deleted' | 'uncaptured' | 'unread' {
  let read: JournalBodies | null
  try {
    read = reader.read(positions, id, bytesMax)
  } catch (error) {
    const isOwn =
      error instanceof BodiesTooLongError || (error instanceof LedgerError && error.code === 'ledger_corrupt')
    if (!isOwn) throw error
    return 'unread'
  }
  if (read === null) return 'deleted'
  const request = joined(read.request)
  const response = joined(read.response)
  if (request.byteLength + response.byteLength === 0 && bodyBytes > 0) return 'uncaptured'
  return { request, response }
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only, ...more] = parts.filter(part => part.byteLength > 0)
  return only !== undefined && more.length === 0 ? only : Buffer.concat(parts)
}
