/** Records as lines of JSON. */
import { escapeControls } from '../../control-characters.ts'
import { conversationOf } from '../../wire/conversation/index.ts'
import { isEventStream } from '../../wire/media-types.ts'
import type { Direction } from '../index.ts'
import { type BodyReader, bodyPieces } from '../journal/bodies.ts'
import type { RecordRow } from '../record.ts'
import { type Bodies, bodiesOf } from '../search/bodies-of.ts'
import { Base64Pieces } from './base64.ts'
import type { BodyState } from './index.ts'
import type { ConversationsData, PageEntry } from './messages.ts'

/** Longer bodies of a record are not read as a conversation. */
const recordBytesMax = 32 * 1_048_576
/** Bytes of a document that are parsed whatever they are. */
const plainBytes = 1_048_576
/** Objects and lists of a longer document that are parsed: each takes memory. */
const openingsMax = 1_000_000
/** A multiple of 3. */
const rawPieceBytes = 192 * 1_024

/**
 * The line of a record, in pieces:
 * `{"record":{…},"bodies":"kept","conversation":{…},"raw":{"request":{…},"response":{…}}}`.
 * @param reader of the same journal as `data`.
 */
export function* lineOf({ row, places }: PageEntry, data: ConversationsData, reader: BodyReader): Generator<string> {
  const found = data.bodies ? bodiesIn({ row, places }, reader) : 'omitted'
  const state: BodyState = typeof found === 'string' ? found : 'kept'
  yield `{"record":${safe(row)},"bodies":"${state}"`
  if (typeof found !== 'string') yield `,"conversation":${safe(conversationFrom(row, found))}`
  if (data.raw && places !== null && (state === 'kept' || state === 'too_long')) {
    yield ',"raw":{"request":'
    yield* rawPart(found, data, { row, places }, 'request')
    yield ',"response":'
    yield* rawPart(found, data, { row, places }, 'response')
    yield '}'
  }
  yield '}\n'
}

/** JSON that is one line to every reader of lines, and moves no terminal's cursor. */
function safe(value: object): string {
  const json = escapeControls(JSON.stringify(value))
  return /[\u2028\u2029]/.test(json) ? json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029') : json
}

function conversationFrom(row: RecordRow, { request, response }: Bodies) {
  const { operation, stream, requestContentType, responseContentType } = row
  return conversationOf({
    ...{ operation: operation ?? '', stream: stream || isEventStream(responseContentType) },
    ...{ requestContentType, responseContentType },
    request: request.byteLength === 0 ? null : request,
    response: response.byteLength === 0 ? null : response,
  })
}

function bodiesIn({ row, places }: PageEntry, reader: BodyReader) {
  if (places === null) return 'deleted'
  const bodyBytes = row.requestBytes + row.responseBytes
  if (bodyBytes > recordBytesMax) return 'too_long'
  const found = bodiesOf(reader, { id: row.id, positions: places, bodyBytes }, recordBytesMax)
  if (typeof found === 'string') return found === 'unread' ? 'damaged' : found
  return isParsable(found.request) && isParsable(found.response) ? found : 'too_long'
}

/** False for a document that would take far more memory than it has bytes. */
function isParsable(bytes: Buffer): boolean {
  if (bytes.byteLength <= plainBytes) return true
  let openings = 0
  for (const byte of bytes) {
    // Brackets and braces, also those in texts.
    if (byte === 0x5b || byte === 0x7b) openings += 1
  }
  return openings <= openingsMax
}

/** @param found the bodies where they were read; else they are read piece by piece. */
function* rawPart(
  found: Bodies | string,
  { journal }: ConversationsData,
  { row, places }: PageEntry,
  direction: Direction,
): Generator<string> {
  if (places === null) return
  const isRequest = direction === 'request'
  const contentType = isRequest ? row.requestContentType : row.responseContentType
  yield `{"contentType":${JSON.stringify(contentType)},"base64":"`
  const text = new Base64Pieces()
  const pieces = typeof found === 'string' ? bodyPieces(journal, places, row.id, direction) : [found[direction]]
  for (const piece of pieces) {
    for (let start = 0; start < piece.byteLength; start += rawPieceBytes) {
      yield text.push(piece.subarray(start, start + rawPieceBytes))
    }
  }
  yield `${text.end()}"}`
}
