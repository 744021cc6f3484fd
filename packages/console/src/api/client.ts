/** Requests to the management API, typed by its OpenAPI document. */
import { ApiError, errorOf } from './errors.ts'
import { type Operations, rolesByOperation } from './generated.ts'

export type OperationName = keyof Operations
export type Answer<Name extends OperationName> = Operations[Name]['answer']

export interface Input<Name extends OperationName> {
  readonly path?: Operations[Name]['path']
  readonly query?: Operations[Name]['query']
  readonly body?: Operations[Name]['body']
  /** Why an auditor reads bodies, 3 to 500 characters; kept in the audit trail. */
  readonly reason?: string
  readonly signal?: AbortSignal
}

/**
 * Sends a request and returns its answer.
 * @throws ApiError for every other answer, and when none comes; the `AbortError` of the signal as it is.
 */
export async function send<Name extends OperationName>(name: Name, input: Input<Name> = {}): Promise<Answer<Name>> {
  const response = await answerTo(name, input)
  const body: unknown = await bodyOf(response)
  if (!response.ok) throw errorOf(response.status, body, response.headers.get('x-gatehouse-request-id'))
  return body as Answer<Name>
}

/**
 * The same for an answer that is a file, for which the reader says why. Without a reason, a link downloads it.
 * @throws ApiError, also for an answer that breaks off.
 */
export async function fileFrom<Name extends OperationName>(name: Name, input: Input<Name>): Promise<Blob> {
  const response = await answerTo(name, input)
  if (response.ok) return response.blob().catch(rethrown)
  throw errorOf(response.status, await bodyOf(response), response.headers.get('x-gatehouse-request-id'))
}

async function answerTo<Name extends OperationName>(name: Name, input: Input<Name>): Promise<Response> {
  const [method = 'GET'] = name.split(' ')
  return fetch(addressOf(name, input), {
    method,
    headers: headersOf(method, input),
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  }).catch(rethrown)
}

/** The path and query of a request, for `send` and for links that download. */
export function addressOf<Name extends OperationName>(name: Name, { path, query }: Input<Name>): string {
  const [, pattern = ''] = name.split(' ')
  const values: Readonly<Record<string, unknown>> = { ...path }
  const filled = pattern.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(values[key] ?? '')))
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries({ ...query })) {
    if (value !== undefined) parameters.set(key, String(value))
  }
  return parameters.size === 0 ? filled : `${filled}?${parameters}`
}

/** True when one of the roles is enough for the operation. */
export function mayUse(operation: OperationName, roles: readonly string[]): boolean {
  const needed: readonly string[] = rolesByOperation[operation]
  return needed.some(role => role === 'caller' || roles.includes(role))
}

function headersOf<Name extends OperationName>(method: string, { body, reason }: Input<Name>): Record<string, string> {
  return {
    accept: 'application/json',
    // A page of another site cannot send this header, so the server knows that the request is of this page.
    ...(method === 'GET' ? {} : { 'x-gatehouse-console': '1' }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(reason === undefined ? {} : { 'x-gatehouse-reason': encodeURIComponent(reason) }),
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text().catch(rethrown)
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function rethrown(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new ApiError({
    kind: 'unreachable',
    status: 0,
    code: '',
    param: null,
    requestId: null,
    message: 'The gateway does not answer.',
  })
}
