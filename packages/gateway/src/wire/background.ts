/**
 * Reads from the beginning of an answer whether it starts work in the background. Shapes: OpenAI's v1 reference,
 * Azure's v1 API.
 */
import { isRecord, textOrNull } from './json.ts'
import { Members } from './members.ts'

/** Statuses of objects that are still being worked on. */
export const underWay: ReadonlySet<string> = new Set([
  'queued',
  'in_progress',
  'validating',
  'finalizing',
  'cancelling',
])

const wanted: ReadonlySet<string> = new Set(['id', 'status', 'background', 'response'])
const dataLine = /(?:^|[\r\n])data: ?/

/**
 * The id of the response or batch that goes on at the instance, also when the answer broke off; null where none goes
 * on.
 * @param bytes the answer, JSON or server-sent events, as far as it has come.
 */
export function goesOn(bytes: Buffer): string | null {
  // The first event has the object; later events do not change the result.
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, 65_536))
  const isJson = text.trimStart().startsWith('{')
  const from = isJson ? 0 : dataStart(text)
  if (from === -1) return null
  const object = membersOf(bytes.subarray(from), 'response')
  const { response } = object
  const { id, status, background } = isRecord(response) ? response : object
  // Events of work in the foreground also say `in_progress`, but that work ends with its connection.
  const isAtWork = background === true || (isJson && underWay.has(String(status)))
  return isAtWork ? textOrNull(id) : null
}

/** True when a request asks for work in the background. False where it cannot be read. */
export function asksForBackground(body: Buffer): boolean {
  return membersOf(body, null)['background'] === true
}

function membersOf(bytes: Buffer, inner: string | null): Readonly<Record<string, unknown>> {
  const members = new Members({ wanted, inner, removed: null })
  members.push(bytes, 0, bytes.length)
  return members.found
}

function dataStart(text: string): number {
  const found = dataLine.exec(text)
  return found === null ? -1 : found.index + found[0].length
}
