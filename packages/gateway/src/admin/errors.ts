import { AuditError } from '../audit/index.ts'
import { IdentityError } from '../identity/errors.ts'
import { LedgerError, QuestionError } from '../ledger/index.ts'
import { QueryFault, type QueryPlace } from '../ledger/query/index.ts'

interface AdminErrorSpec {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 414 | 415 | 421 | 429 | 431 | 500 | 501 | 503
  readonly type:
    | 'authentication_error'
    | 'invalid_request_error'
    | 'permission_error'
    | 'rate_limit_error'
    | 'server_error'
}

/**
 * All errors that the management API raises itself. The verifier adds its own codes (401, and 503 for
 * `keys_unavailable`).
 */
export const adminErrors = {
  request_malformed: { status: 400, type: 'invalid_request_error' },
  parameter_invalid: { status: 400, type: 'invalid_request_error' },
  body_malformed: { status: 400, type: 'invalid_request_error' },
  configuration_invalid: { status: 400, type: 'invalid_request_error' },
  reason_missing: { status: 400, type: 'invalid_request_error' },
  query_refused: { status: 400, type: 'invalid_request_error' },
  query_failed: { status: 400, type: 'invalid_request_error' },
  query_stopped: { status: 400, type: 'invalid_request_error' },
  session_missing: { status: 401, type: 'authentication_error' },
  session_expired: { status: 401, type: 'authentication_error' },
  role_missing: { status: 403, type: 'permission_error' },
  configuration_locked: { status: 403, type: 'permission_error' },
  request_forged: { status: 403, type: 'permission_error' },
  route_unknown: { status: 404, type: 'invalid_request_error' },
  record_unknown: { status: 404, type: 'invalid_request_error' },
  instance_unknown: { status: 404, type: 'invalid_request_error' },
  workload_unknown: { status: 404, type: 'invalid_request_error' },
  feed_unknown: { status: 404, type: 'invalid_request_error' },
  erasure_unknown: { status: 404, type: 'invalid_request_error' },
  rule_unknown: { status: 404, type: 'invalid_request_error' },
  override_unknown: { status: 404, type: 'invalid_request_error' },
  hold_unknown: { status: 404, type: 'invalid_request_error' },
  caller_unknown: { status: 404, type: 'invalid_request_error' },
  version_unknown: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  confirmation_refused: { status: 409, type: 'invalid_request_error' },
  erasure_running: { status: 409, type: 'invalid_request_error' },
  configuration_changed: { status: 409, type: 'invalid_request_error' },
  configuration_locks_out: { status: 409, type: 'invalid_request_error' },
  configuration_refused: { status: 409, type: 'invalid_request_error' },
  configuration_unwritable: { status: 409, type: 'invalid_request_error' },
  body_not_taken: { status: 413, type: 'invalid_request_error' },
  body_too_long: { status: 413, type: 'invalid_request_error' },
  url_too_long: { status: 414, type: 'invalid_request_error' },
  body_not_json: { status: 415, type: 'invalid_request_error' },
  host_not_allowed: { status: 421, type: 'invalid_request_error' },
  tails_exhausted: { status: 429, type: 'rate_limit_error' },
  streams_exhausted: { status: 429, type: 'rate_limit_error' },
  exports_exhausted: { status: 429, type: 'rate_limit_error' },
  questions_exhausted: { status: 429, type: 'rate_limit_error' },
  replay_busy: { status: 429, type: 'rate_limit_error' },
  calls_exhausted: { status: 429, type: 'rate_limit_error' },
  headers_too_large: { status: 431, type: 'invalid_request_error' },
  internal: { status: 500, type: 'server_error' },
  ledger_without_store: { status: 501, type: 'invalid_request_error' },
  configuration_without_file: { status: 501, type: 'invalid_request_error' },
  log_not_own: { status: 501, type: 'invalid_request_error' },
  calls_not_served: { status: 501, type: 'invalid_request_error' },
  groups_unavailable: { status: 503, type: 'server_error' },
  drain_unavailable: { status: 503, type: 'server_error' },
  override_unavailable: { status: 503, type: 'server_error' },
  sessions_unavailable: { status: 503, type: 'server_error' },
  audit_unavailable: { status: 503, type: 'server_error' },
  feed_unavailable: { status: 503, type: 'server_error' },
  ledger_unavailable: { status: 503, type: 'server_error' },
  ledger_busy: { status: 503, type: 'server_error' },
  gateway_unreachable: { status: 503, type: 'server_error' },
} as const satisfies Record<string, AdminErrorSpec>

export type AdminErrorCode = keyof typeof adminErrors

export interface AdminErrorOptions extends ErrorOptions {
  readonly param?: string
  /** Further header fields of the answer. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Thrown by handlers and layers. `message` may be shown to the caller: what was wrong, and what to do. */
export class AdminError extends Error {
  readonly code: AdminErrorCode
  /** The wrong parameter; null when the error is not about one. */
  readonly param: string | null
  readonly headers: Readonly<Record<string, string>>
  constructor(code: AdminErrorCode, message: string, options?: AdminErrorOptions) {
    super(message, options)
    this.name = 'AdminError'
    this.code = code
    this.param = options?.param ?? null
    this.headers = options?.headers ?? {}
  }
}

/** An error as it is sent: OpenAI's error form, so that one reader of errors works with both ports. */
export interface ErrorAnswer {
  readonly status: AdminErrorSpec['status']
  readonly headers: Readonly<Record<string, string>>
  readonly body: { error: { message: string; type: string; param: string | null; code: string; place?: QueryPlace } }
}

/** The only place that turns a thrown value into an answer. An unknown one is our fault: 500, without detail. */
export function answerOf(thrown: unknown): ErrorAnswer {
  if (thrown instanceof AdminError) {
    const { status, type } = adminErrors[thrown.code]
    return answer(status, type, thrown.code, thrown.message, thrown.param, {
      ...headersOf[thrown.code],
      ...thrown.headers,
    })
  }
  if (thrown instanceof IdentityError) return identityAnswer(thrown)
  if (thrown instanceof AuditError) {
    const message = thrown.cause instanceof AuditError ? thrown.message : unrecorded
    return answer(503, 'server_error', 'audit_unavailable', message, null, retrySoon)
  }
  if (thrown instanceof QueryFault) {
    const { status, headers, body } = answer(400, 'invalid_request_error', thrown.code, thrown.message, 'sql', {})
    return {
      status,
      headers,
      body: { error: { ...body.error, ...(thrown.place === null ? {} : { place: thrown.place }) } },
    }
  }
  if (thrown instanceof QuestionError) {
    return answer(400, 'invalid_request_error', 'parameter_invalid', thrown.message, null, {})
  }
  // A fault of the disk or of the store is never the caller's, and never a 500 that looks like a bug.
  if (thrown instanceof LedgerError && thrown.code === 'ledger_busy') {
    return answer(503, 'server_error', 'ledger_busy', thrown.message, null, retrySoon)
  }
  if (thrown instanceof LedgerError && thrown.code === 'ledger_without_store') {
    return answer(501, 'invalid_request_error', 'ledger_without_store', thrown.message, null, {})
  }
  if (thrown instanceof LedgerError) {
    const message = 'The ledger cannot be read at the moment. Try again; if it lasts, the log of the gateway says why.'
    return answer(503, 'server_error', 'ledger_unavailable', message, null, retrySoon)
  }
  const message = 'The management API failed on this request. The log has the reason under this request id.'
  return answer(500, 'server_error', 'internal', message, null, {})
}

const unrecorded =
  'Nothing was done: the audit trail cannot be written, and what is not recorded is not done. The log says why, as a full disk.'

const retrySoon = { 'retry-after': '5' }

const headersOf: Partial<Record<AdminErrorCode, Readonly<Record<string, string>>>> = {
  // RFC 9110, section 15.5.2: a 401 says what would be accepted.
  session_missing: { 'www-authenticate': 'Bearer' },
  session_expired: { 'www-authenticate': 'Bearer' },
  sessions_unavailable: retrySoon,
  tails_exhausted: retrySoon,
  exports_exhausted: retrySoon,
  streams_exhausted: retrySoon,
  questions_exhausted: retrySoon,
  calls_exhausted: retrySoon,
  gateway_unreachable: retrySoon,
  groups_unavailable: retrySoon,
  audit_unavailable: retrySoon,
  ledger_busy: retrySoon,
  feed_unavailable: retrySoon,
  ledger_unavailable: retrySoon,
}

function identityAnswer(error: IdentityError): ErrorAnswer {
  // The key set is unreachable: signing in again would not help, so this must not look like a bad token (RFC 9110,
  // 15.6.4).
  if (error.code === 'keys_unavailable') {
    return answer(503, 'server_error', error.code, error.message, null, retrySoon)
  }
  // RFC 6750 section 3.1: no error attribute when the request carried no credentials at all.
  const challenge = error.code === 'token_missing' ? 'Bearer' : 'Bearer error="invalid_token"'
  return answer(401, 'authentication_error', error.code, error.message, null, { 'www-authenticate': challenge })
}

function answer(
  status: ErrorAnswer['status'],
  type: string,
  code: string,
  message: string,
  param: string | null,
  headers: Readonly<Record<string, string>>,
): ErrorAnswer {
  return { status, headers, body: { error: { message, type, param, code } } }
}
