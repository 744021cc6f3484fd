/** Lines as a feed of the form `gatehouse` sends them, with long records in parts. */
import { createHash } from 'node:crypto'
import { columnsOf, readableBody } from '../../packages/gateway/src/ledger/feeds/forms.ts'
import type { RecordBodies, RecordRow } from '../../packages/gateway/src/ledger/record.ts'

export type Line = Readonly<Record<string, unknown>>

const columns = columnsOf('gatehouse', null, true)

/** The line that the feed of kind `files` writes. */
export function lineOf(row: RecordRow, bodies: RecordBodies | null): Line {
  const readable = (body: Uint8Array | null | undefined) => (body ? readableBody([body]) : null)
  const record = { row, request: readable(bodies?.request), response: readable(bodies?.response) }
  return Object.fromEntries(columns.map(({ name, cell }) => [name, cell(record)]))
}

/** The line, or its parts where its bodies are longer than `bytesMax`. docs/data-explorer.md says what a part has. */
export function partsOf(line: Line, bytesMax: number): readonly Line[] {
  const request = piecesOf(textIn(line, 'requestBody'), bytesMax)
  const response = piecesOf(textIn(line, 'responseBody'), bytesMax)
  if (request.length + response.length <= 1) return [line]
  const pieces = [
    ...request.map(requestBody => ({ requestBody, responseBody: '' })),
    ...response.map(responseBody => ({ requestBody: '', responseBody })),
  ]
  return pieces.map((piece, at) => ({
    ...(at === 0 ? line : {}),
    id: line['id'],
    requestBodyEncoding: line['requestBodyEncoding'],
    responseBodyEncoding: line['responseBodyEncoding'],
    ...{ part: at + 1, parts: pieces.length, ...piece },
    partSha256: createHash('sha256')
      .update(piece.requestBody + piece.responseBody)
      .digest('hex'),
  }))
}

const textIn = (line: Line, name: string): string => String(line[name] ?? '')

/** Cut between code points. */
function piecesOf(text: string, bytesMax: number): readonly string[] {
  const bytes = Buffer.from(text)
  const pieces: string[] = []
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + bytesMax, bytes.length)
    // A byte 10xxxxxx continues a code point.
    while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1
    pieces.push(bytes.toString('utf8', from, to))
    from = to
  }
  return pieces
}
