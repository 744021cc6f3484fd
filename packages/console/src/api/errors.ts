/** What can be wrong with a request to the management API, in the kinds that the page treats differently. */

/**
 * `signed-out`: no session, or it has expired. `no-permission`: the role is missing. `unreachable`: no answer came.
 * `refused`: the request was wrong, and the message says why. `failed`: the server could not do it.
 */
export type FailureKind = 'signed-out' | 'no-permission' | 'unreachable' | 'refused' | 'failed'

export interface Place {
  readonly line: number
  readonly column: number
}

export class ApiError extends Error {
  readonly kind: FailureKind
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** Code of the management API; empty when no answer came. */
  readonly code: string
  /** The wrong parameter; null when the error is not about one. */
  readonly param: string | null
  /** Where in the SQL of a query, both from 1; null when the error has no place. */
  readonly place: Place | null
  /** Under it the log of the gateway has the request; null when no answer came. */
  readonly requestId: string | null

  constructor(
    failure: Pick<ApiError, 'kind' | 'status' | 'code' | 'param' | 'requestId' | 'message'> &
      Partial<Pick<ApiError, 'place'>>,
  ) {
    super(failure.message)
    this.name = 'ApiError'
    this.kind = failure.kind
    this.status = failure.status
    this.code = failure.code
    this.param = failure.param
    this.place = failure.place ?? null
    this.requestId = failure.requestId
  }
}

export function kindOf(status: number): FailureKind {
  if (status === 401) return 'signed-out'
  if (status === 403) return 'no-permission'
  return status >= 500 ? 'failed' : 'refused'
}

/** The error of an answer that is not a success. @param body the parsed body; anything. */
export function errorOf(status: number, body: unknown, requestId: string | null): ApiError {
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {}
  const message =
    typeof error['message'] === 'string' ? error['message'] : `The gateway answered with status ${status}.`
  const code = typeof error['code'] === 'string' ? error['code'] : ''
  const param = typeof error['param'] === 'string' ? error['param'] : null
  return new ApiError({ kind: kindOf(status), status, code, param, place: placeIn(error['place']), requestId, message })
}

function placeIn(value: unknown): Place | null {
  if (!isObject(value)) return null
  const { line, column } = value
  return typeof line === 'number' && typeof column === 'number' ? { line, column } : null
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
