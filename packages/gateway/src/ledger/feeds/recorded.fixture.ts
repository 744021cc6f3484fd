/** Exchanges as feeds get them, without a journal. */
import { closedOf, newId, openedOf } from '../exchange.fixture.ts'
import type { Closed, Opened } from '../record.ts'
import type { RecordedExchange } from './index.ts'

export interface ExchangeParts {
  readonly id?: string
  readonly opened?: Partial<Opened>
  readonly closed?: Partial<Closed>
  readonly request?: Uint8Array | string
  readonly response?: Uint8Array | string
}

export function recordedExchange(parts: ExchangeParts = {}): RecordedExchange {
  const { id = newId(), opened = {}, closed = {} } = parts
  const [request, response] = [Buffer.from(parts.request ?? ''), Buffer.from(parts.response ?? '')]
  const sizes = { requestBytes: request.byteLength, responseBytes: response.byteLength }
  return {
    id,
    opened: openedOf(id, opened),
    closed: closedOf(id, { ...sizes, ...closed }),
    ...{ journal: 'journal', closedAt: 0, bodies: { openedAt: 0, parts: [], closedAt: 0 } },
    readBodies: () => ({ request: [request], response: [response] }),
    bodyPieces: direction => [direction === 'request' ? request : response],
  }
}
