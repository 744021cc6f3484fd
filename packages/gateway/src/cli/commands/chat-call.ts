/** A chat completion through the gateway, in the form that Azure's v1 API has. */
import { type Dispatcher, request } from 'undici'
import { connectionFailure } from '../../connection-failure.ts'
import { assemble, createAssembler } from '../../wire/assemble.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { gatewayIsAdmin, gatewayUnreachable } from '../reach/addresses.ts'
import { errorFields } from '../reach/admin-request.ts'
import { printable } from '../terminal/printable.ts'

export interface Question {
  readonly as: string | undefined
  readonly target: string | undefined
  readonly workload: string | undefined
  readonly deployment: string
  readonly messages: readonly { readonly role: 'system' | 'user'; readonly content: string }[]
  readonly stream: boolean
}

export interface ChatAnswer {
  readonly text: string
  readonly model: string | null
  readonly finishReason: string | null
  /** Id of the record in the ledger. */
  readonly requestId: string | null
}

export interface ChatCall {
  readonly body: AsyncIterable<Uint8Array>
  readonly requestId: string | null
}

const operation = 'chat/completions'

/** Sends the question and waits for the head of the answer. Throws CliError with the refusal's own code. */
export async function sendQuestion(context: CliContext, question: Question): Promise<ChatCall> {
  const token = await context.token({ as: question.as })
  const answer = await postQuestion(context, question, token)
  const requestId = headerOf(answer, 'x-gatehouse-request-id')
  if (answer.statusCode === 200) return { body: answer.body, requestId }
  const refused = await refusal(answer, requestId)
  // The management API answers so; a refusal of the gateway has a header, and a backend has no such codes.
  const isOther = ofAdmin.has(refused.code) && headerOf(answer, 'x-gatehouse-refusal') === null
  throw isOther ? gatewayIsAdmin(await context.gateway(), await context.originOf('gateway')) : refused
}

const ofAdmin: ReadonlySet<string> = new Set(['route_unknown', 'body_not_taken'])

/**
 * The answer, whatever its status. Throws CliError where there is none.
 * @param token null for a call without one.
 */
export async function postQuestion(
  context: CliContext,
  { target, workload, deployment, messages, stream }: Omit<Question, 'as'>,
  token: string | null,
): Promise<Dispatcher.ResponseData> {
  const base = await context.gateway()
  const prefix = target === undefined ? '' : `/${encodeURIComponent(target)}/${encodeURIComponent(workload ?? '')}`
  return request(`${base}${prefix}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      ...(target === undefined && workload !== undefined ? { 'x-gatehouse-workload': workload } : {}),
    },
    body: JSON.stringify({ model: deployment, messages, stream }),
  }).catch(async (cause: unknown) => {
    throw gatewayUnreachable(base, await context.originOf('gateway'), cause)
  })
}

/** Reads an answer that comes in one document. */
export async function answerWhole(call: ChatCall): Promise<ChatAnswer> {
  const chunks: Uint8Array[] = []
  await read(call, chunk => chunks.push(chunk))
  return finished(assemble(operation, false, Buffer.concat(chunks)), call.requestId)
}

/** Reads a streamed answer, handing each piece of its text over as it comes. */
export async function answerInPieces(call: ChatCall, onPiece: (text: string) => void): Promise<ChatAnswer> {
  const assembler = createAssembler(operation, true)
  let given = 0
  await read(call, chunk => {
    assembler.push(chunk)
    const text = textOf(assembler.result())
    if (text.length > given) onPiece(text.slice(given))
    given = text.length
  })
  return finished(assembler.result(), call.requestId)
}

async function read(call: ChatCall, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  try {
    for await (const chunk of call.body) onChunk(chunk)
  } catch (cause) {
    throw brokenOff(call.requestId, connectionFailure(cause).why, cause)
  }
}

function finished(answer: ReturnType<typeof assemble>, requestId: string | null): ChatAnswer {
  if (answer.error !== null) {
    const { code, message } = answer.error
    throw new CliError(code ?? 'backend_error', printable(message), recordLine(requestId))
  }
  if (!answer.complete) throw brokenOff(requestId, 'Its end never came.')
  return { text: textOf(answer), model: answer.model, finishReason: answer.choices[0]?.finishReason ?? null, requestId }
}

function textOf(answer: ReturnType<typeof assemble>): string {
  const first = answer.choices[0]
  return first === undefined ? '' : first.text + (first.refusal ?? '')
}

function brokenOff(requestId: string | null, why: string, cause?: unknown): CliError {
  const next = requestId === null ? null : `gatehouse records show ${requestId}`
  return new CliError('answer_broken_off', 'The answer broke off.', why, next, { cause })
}

async function refusal(answer: Dispatcher.ResponseData, requestId: string | null): Promise<CliError> {
  const body = await answer.body.json().catch(() => null)
  const { code, message } = errorFields(body)
  const why = `HTTP ${answer.statusCode}. ${recordLine(requestId) ?? ''}`.trimEnd()
  return new CliError(code, message, why, nextStep(code, answer))
}

function nextStep(code: string, answer: Dispatcher.ResponseData): string | null {
  const retryAfter = headerOf(answer, 'retry-after')
  if (retryAfter !== null && /^\d{1,6}$/.test(retryAfter)) return `again in ${retryAfter} s`
  return nextByCode[code] ?? (answer.statusCode === 401 ? 'gatehouse login' : null)
}

const nextByCode: Readonly<Record<string, string>> = {
  workload_missing: 'the same with --workload NAME',
  caller_unbound: 'gatehouse whoami, or another account with --as NAME',
  caller_not_bound: 'gatehouse whoami, or another account with --as NAME',
}

function recordLine(requestId: string | null): string | null {
  return requestId === null ? null : `It is in the ledger as ${requestId}.`
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | null {
  const value = answer.headers[name]
  return typeof value === 'string' && /^[\x21-\x7e]{1,200}$/.test(value) ? value : null
}
