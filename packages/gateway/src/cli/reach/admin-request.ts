/** Requests to the management API; turns its errors into messages that a person can act on. */
import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, request } from 'undici'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { printable } from '../terminal/printable.ts'
import { adminIsGateway, adminUnreachable, notGatehouse } from './addresses.ts'

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
  const asked = await sendAdmin(context, question)
  const body = await bodyOf(asked)
  if (asked.answer.statusCode !== 200) throw refused(asked.answer.statusCode, body, asked.base)
  return body as T
}

export interface AdminStream {
  readonly headers: IncomingHttpHeaders
  /** Rejects with the client's error where the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** The same for an answer that is read as it comes. */
export async function openAdmin(context: CliContext, question: AdminQuestion): Promise<AdminStream> {
  const asked = await sendAdmin(context, question)
  const { base, answer } = asked
  if (answer.statusCode === 200) return { headers: answer.headers, chunks: answer.body }
  throw refused(answer.statusCode, await bodyOf(asked), base)
}

interface Asked {
  readonly base: string
  /** Where the address comes from. */
  readonly origin: string | null
  readonly answer: Dispatcher.ResponseData
}

/** The JSON of an answer, whatever its status. */
async function bodyOf({ base, origin, answer }: Asked): Promise<unknown> {
  const text = await boundedText(answer.body).catch((cause: unknown) => {
    throw cause instanceof CliError ? cause : adminUnreachable(base, origin, cause)
  })
  const body = parsed(text)
  if (body === undefined) throw notGatehouse(base, origin)
  return body
}

/** Sends it, and returns the answer of a management API. */
async function sendAdmin(context: CliContext, question: AdminQuestion): Promise<Asked> {
  const base = await context.admin()
  const origin = await context.originOf('admin')
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
    throw adminUnreachable(base, origin, cause)
  })
  const { headers } = answer
  const isOurs = headers['x-gatehouse-request-id'] !== undefined && headers['x-gatehouse-refusal'] === undefined
  if (isOurs) return { base, origin, answer }
  // An unread body would keep the connection, and with it the process.
  answer.body.on('error', () => {}).destroy()
  throw headers['x-gatehouse-refusal'] === undefined ? notGatehouse(base, origin) : adminIsGateway(base, origin)
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
