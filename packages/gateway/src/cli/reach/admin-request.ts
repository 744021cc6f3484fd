/** Requests to the management API; turns its errors into messages that a person can act on. */
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'undici'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { printable } from '../terminal/printable.ts'

export type AdminQuery = Readonly<Record<string, string | number | undefined>>

/** Longer answers are an error: bodies of half a gigabyte do not belong on a terminal. */
const answerBytesMax = 256 * 1_048_576

export interface AdminQuestion {
  readonly path: string
  readonly query?: AdminQuery
  /** Account that asks; undefined for the usual one. */
  readonly as: string | undefined
  /** Why bodies of others are read. */
  readonly reason?: string
  /** Default: GET. */
  readonly method?: 'GET' | 'POST'
  /** Sent as JSON. */
  readonly body?: object
}

/**
 * Sends a request as it is and returns the JSON; `askAdmin` looks up the names in it before. `T` is the type that
 * /openapi.json promises for this path. Throws CliError.
 */
export async function requestAdmin<T>(context: CliContext, question: AdminQuestion): Promise<T> {
  const { base, answer } = await sendAdmin(context, question)
  const text = await boundedText(answer.body).catch((cause: unknown) => {
    throw cause instanceof CliError ? cause : unreachable(base, cause)
  })
  if (answer.headers['x-gatehouse-request-id'] === undefined) throw stranger(base)
  const body = parsed(text)
  if (body === undefined) throw stranger(base)
  if (answer.statusCode !== 200) throw refused(answer.statusCode, body, base)
  return body as T
}

export interface AdminStream {
  readonly headers: IncomingHttpHeaders
  /** Rejects with the client's error where the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** The same for an answer that is read as it comes. */
export async function openAdmin(context: CliContext, question: AdminQuestion): Promise<AdminStream> {
  const { base, answer } = await sendAdmin(context, question)
  const isOurs = answer.headers['x-gatehouse-request-id'] !== undefined
  if (isOurs && answer.statusCode === 200) return { headers: answer.headers, chunks: answer.body }
  const text = await boundedText(answer.body).catch((cause: unknown) => {
    throw cause instanceof CliError ? cause : unreachable(base, cause)
  })
  const body = parsed(text)
  throw isOurs && body !== undefined ? refused(answer.statusCode, body, base) : stranger(base)
}

async function sendAdmin(context: CliContext, question: AdminQuestion) {
  const base = await context.admin()
  const url = new URL(base + question.path)
  for (const [name, value] of Object.entries(question.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  const token = await context.token({ as: question.as })
  const answer = await request(url, {
    method: question.method ?? 'GET',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(question.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(question.reason === undefined ? {} : { 'x-gatehouse-reason': encodeURIComponent(question.reason) }),
    },
    ...(question.body === undefined ? {} : { body: JSON.stringify(question.body) }),
    headersTimeout: 60_000,
  }).catch((cause: unknown) => {
    throw unreachable(base, cause)
  })
  return { base, answer }
}

async function boundedText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const kept: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > answerBytesMax) {
      throw new CliError('answer_too_large', `The answer is larger than ${answerBytesMax / 1_048_576} MiB.`)
    }
    kept.push(chunk)
  }
  return Buffer.concat(kept).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreachable(base: string, cause: unknown): CliError {
  return new CliError(
    'admin_unreachable',
    `The management API at ${base} did not answer.`,
    reasonOf(cause),
    'start the gateway, or name another address with --admin URL',
    { cause },
  )
}

function stranger(base: string): CliError {
  return new CliError(
    'admin_not_gatehouse',
    `${base} is not a management API of Gatehouse.`,
    'What answers there does not speak its language. The gateway’s own port is another one.',
    'name the right address with --admin URL',
  )
}

/** The system's code for a failed connection. */
export function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
  if (code === 'ECONNREFUSED') return 'The connection was refused: nothing listens there.'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'The name does not resolve.'
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') return 'It took too long.'
  return code === null ? 'The connection broke off.' : `The connection failed (${code}).`
}

const nextByCode: Readonly<Record<string, string>> = {
  role_missing: 'another account, with --as NAME or after gatehouse login',
  reason_missing: 'the same with --reason TEXT',
  record_unknown: 'gatehouse records list',
  instance_unknown: 'gatehouse instances',
  feed_unknown: 'gatehouse feeds',
  query_failed: 'gatehouse query --schema',
  query_refused: 'gatehouse query --schema',
}

function refused(status: number, body: unknown, base: string): CliError {
  const { code, message } = errorFields(body)
  const next = nextByCode[code] ?? (status === 401 ? 'gatehouse login' : null)
  return new CliError(code, message, `${placeText(body)}HTTP ${status} from ${base}.`, next)
}

/** Where in the SQL of a query; empty for all other errors. */
function placeText(body: unknown): string {
  const place = field(field(body, 'error'), 'place')
  const [line, column] = [field(place, 'line'), field(place, 'column')]
  return typeof line === 'number' && typeof column === 'number' ? `Line ${line}, column ${column}. ` : ''
}

/** Code and message of an error in OpenAI's shape; tolerates missing parts. */
export function errorFields(body: unknown): { code: string; message: string } {
  const error = field(body, 'error')
  const code = field(error, 'code')
  const message = field(error, 'message')
  return {
    code: typeof code === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(code) ? code : 'refused',
    message: typeof message === 'string' ? printable(message) : 'The request was refused without a reason.',
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
