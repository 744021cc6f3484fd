import { BodyReader } from '../journal/bodies.ts'
import { type Bodies, bodiesOf } from './bodies-of.ts'
import type { SearchHit, SearchPage } from './index.ts'
import type { Needle, Place } from './needle.ts'
import { type BodyPlace, type BodyPlaces, eachPlace, isOver } from './places.ts'
import { placeInDocument, placeInResponse } from './texts.ts'

/** What ends a search early. */
export interface SearchBounds {
  readonly hits: number
  /** Bytes of bodies that were read. */
  readonly bytes: number
  readonly ms: number
  /** A record whose bodies are larger is not read. */
  readonly recordBytes: number
}

/**
 * Looks for a text in the bodies of records, one after the other, until a bound is reached. Synchronous: it runs in a
 * thread of its own.
 * @param journal directory of the segments.
 * @param deletedBeforeMs bodies of records that began earlier are shown for legal holds alone.
 */
export function scan(
  journal: string,
  places: BodyPlaces,
  needle: Needle,
  deletedBeforeMs: number,
  bounds: SearchBounds,
): SearchPage {
  const endMs = performance.now() + bounds.ms
  const counts = { searched: 0, deleted: 0, uncaptured: 0, unread: 0 }
  const hits: SearchHit[] = []
  const reader = new BodyReader(journal)
  let bytes = 0
  let last: string | null = null
  try {
    for (const place of eachPlace(places)) {
      counts.searched += 1
      last = place.id
      const bodies = isOver(place, deletedBeforeMs) ? 'deleted' : bodiesOf(reader, place, bounds.recordBytes)
      if (typeof bodies === 'string') counts[bodies] += 1
      else {
        bytes += bodies.request.byteLength + bodies.response.byteLength
        hits.push(...hitsOf(needle, place, bodies))
      }
      if (hits.length >= bounds.hits || bytes >= bounds.bytes || performance.now() >= endMs) break
    }
  } finally {
    reader.close()
  }
  const { records } = places
  return { hits, ...counts, records, next: counts.searched < records ? last : null }
}

function hitsOf(needle: Needle, place: BodyPlace, { request, response }: Bodies): SearchHit[] {
  const { id, startedAtMs, callerKey, callerName } = place
  const hit = (where: SearchHit['in'], found: Place | null): SearchHit[] =>
    found === null ? [] : [{ id, startedAtMs, callerKey, callerName, in: where, ...found }]
  return [
    ...hit('request', placeInDocument(needle, request)),
    ...hit('response', placeInResponse(needle, response, place)),
  ]
}
