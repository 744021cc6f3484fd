import type { RecordBodies, RecordRow } from '../ledger/record.ts'
import { createAssembler } from '../wire/assemble.ts'
import { isEventStream, isJson } from '../wire/media-types.ts'

/** A multiple of 3, so that pieces of base64 join without padding. Small, so that calls in flight are not delayed. */
const pieceBytes = 48 * 1_024

/**
 * A document is parsed in one step, which blocks the event loop that serves calls: 16 MiB blocked it for 90 to 120 ms.
 */
const assembledDocumentBytesMax = 4 * 1_048_576

/**
 * A record's bodies as JSON text, piece by piece: an upload of half a gigabyte would be longer in base64 than a string
 * can be. The form is `bodiesAnswer` in `schemas.ts`.
 * @param kept null when the ledger no longer has bodies of this record.
 */
export async function* bodiesJson(row: RecordRow, kept: RecordBodies | null): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`{"id":${JSON.stringify(row.id)},"request":`)
  yield* partJson(kept?.request ?? null, row.requestContentType, null)
  yield Buffer.from(',"response":')
  yield* partJson(kept?.response ?? null, row.responseContentType, row)
  yield Buffer.from('}')
}

/** @param answered the record when the bytes are its response, whose text is then added; null for a request. */
function* partJson(bytes: Uint8Array | null, contentType: string | null, answered: RecordRow | null) {
  if (bytes === null) {
    yield Buffer.from('null')
    return
  }
  const assembler = answered !== null && canAssemble(bytes, contentType) ? assemblerOf(answered) : null
  yield Buffer.from(`{"contentType":${JSON.stringify(contentType)},"bytes":${bytes.byteLength},"base64":"`)
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    const piece = bytes.subarray(start, start + pieceBytes)
    assembler?.push(piece)
    yield Buffer.from(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('base64'), 'latin1')
  }
  yield Buffer.from(answered === null ? '"}' : `","assembled":${JSON.stringify(assembler?.result() ?? null)}}`)
}

function assemblerOf(row: RecordRow) {
  return createAssembler(row.operation ?? '', row.stream)
}

function canAssemble(bytes: Uint8Array, contentType: string | null): boolean {
  return isEventStream(contentType) || (isJson(contentType) && bytes.byteLength <= assembledDocumentBytesMax)
}
