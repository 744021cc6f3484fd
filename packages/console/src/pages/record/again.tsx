import { Snippet } from '../../parts/snippet/snippet.tsx'
import { bodyFile, type Call } from '../../parts/snippet/snippets.ts'
import { record as text } from '../../texts/record.ts'
import { bytesOf, textOfBytes } from './bytes.ts'
import type { Bodies, RecordRow } from './query.ts'

interface AgainProps {
  readonly row: RecordRow
  readonly bodies: Bodies
}

/** The call as a command or a program. */
export function Again({ row, bodies }: AgainProps) {
  const { method, requestContentType: contentType } = row
  const path = row.apiVersion === null ? row.path : `${row.path}?api-version=${encodeURIComponent(row.apiVersion)}`
  const body = bodies.request === null ? null : bodyOf(bytesOf(bodies.request.base64))
  const isInFile = typeof body === 'object' && body !== null
  const help = isInFile ? `${text.againHelp} ${text.bytesInFile}` : text.againHelp
  return <Snippet call={{ method, path, contentType, body }} label={text.views.again} help={help} />
}

/** The body as text; bytes that are none come from a file. */
function bodyOf(bytes: Uint8Array<ArrayBuffer>): Call['body'] {
  const text = textOfBytes(bytes)
  return text.includes('\ufffd') || text.includes('\0') ? { file: bodyFile } : text
}
