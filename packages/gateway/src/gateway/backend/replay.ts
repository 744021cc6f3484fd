/** Decides whether a call that failed on one member may be sent to another one. */
import type { AnswerError } from '../../wire/answer-error.ts'
import type { BackendFacts, RefusalScope } from '../../wire/backends.ts'

/** How an attempt failed before any byte of its answer was sent to the client. */
export type DispatchFailure =
  /** No answer came. `sent` is true once the request may have left the process. */
  | { readonly kind: 'unanswered'; readonly sent: boolean }
  /** A whole answer came; `error` is what its body says. */
  | { readonly kind: 'answered'; readonly status: number; readonly error: AnswerError; readonly backend: BackendFacts }

/**
 * True only while the backend cannot have begun to bill: the connection was never established, so nothing was sent; or
 * the backend refused the call with 429 or 503, or because it does not have the deployment or the address, or because
 * another instance made something that the call contains. An answer that refuses the gateway itself (`refusesGateway`)
 * is safe as well: the backend does not run such a call.
 *
 * Any other call could run twice: one that was sent and not answered, or answered with 500, may have run. The prompt
 * would be billed again, the client that gets the second answer would call its tools again, and a stored response would
 * exist twice.
 */
export function safeToReplay(failure: DispatchFailure): boolean {
  if (failure.kind === 'unanswered') return !failure.sent
  const { status, error, backend } = failure
  return (
    status === 429 ||
    status === 503 ||
    backend.lacksDeployment(status, error) ||
    // Other members of a pool may be newer. Nothing shows whether the member or the call is wrong, so the member stays
    // in use.
    backend.lacksAddress(status, error) ||
    lacksState(status, error)
  )
}

/**
 * True when the instance cannot read something that the call contains from earlier answers: encrypted reasoning of
 * another resource, or an item that it does not have. It notices that before it calls the model. This concerns only
 * calls whose content comes from an instance that the gateway does not know; other calls go to that instance.
 */
export function lacksState(status: number, { code, message }: AnswerError): boolean {
  if (status !== 400 && status !== 404) return false
  return (
    code === 'invalid_encrypted_content' ||
    (message !== null && /^Item with id '[^']{1,256}' not found\b/.test(message))
  )
}

/**
 * Codes of a 401 or 403 that rejects the content of the request. `message` is not used: messages about blocked
 * resources name content too.
 */
const aboutTheRequest = /content|policy_?violation|responsibleai|safety|moderation|prompt/i

/**
 * Decides whether an instance refuses the gateway: its credential, its account, its network, or its role. Used
 * only where the credential is the gateway's own; with the caller's token, the caller gets the answer.
 * @param asksOutside the request names a data source with a credential of its own.
 * @returns what is refused: `unknown` when it may depend on what this call asks for, because a role lacks one action or
 *   a firewall reads bodies; null when the answer is about the request.
 */
export function refusesGateway(
  status: number,
  error: AnswerError,
  backend: BackendFacts,
  asksOutside: boolean,
): RefusalScope | null {
  const { code, param, innerCode } = error
  const scope = backend.refusal(status, error)
  // With the last one, the key is valid and may use other models.
  if (scope === null || backend.lacksDeployment(status, error)) return null
  if (aboutTheRequest.test(code ?? '') || aboutTheRequest.test(innerCode ?? '')) return null
  if (param !== null && param !== '') return null
  // The refused credential may be the one for a data source that the caller named.
  return asksOutside ? 'unknown' : scope
}

/** What the gateway has added to a request. */
export interface Additions {
  /** `stream_options.include_usage`. */
  readonly usage: boolean
  /** The member with the workload's maximum; null where there is none. */
  readonly maximum: string | null
  /** True while the maximum can be tried under another name. */
  readonly hasOtherName: boolean
}

/** The additions of nearly every call that is not streamed. */
export const nothingAdded: Additions = { usage: false, maximum: null, hasOtherName: false }

/** The addition that an instance does not accept: the request is sent again without it, or in another form. */
export type RefusedAddition = 'usage' | 'maximum' | 'maximum_too_large'

/**
 * Finds the addition that a refusal is about. A client must never be refused because of something that the gateway
 * added.
 * @param error the error in the body, parsed. @param body the whole body.
 * @returns null when the refusal is about something else.
 */
export function refusedAddition(
  status: number,
  error: AnswerError,
  body: Buffer,
  { usage, maximum, hasOtherName }: Additions,
): RefusedAddition | null {
  if (status !== 400 && status !== 422) return null
  // A prompt that was refused for its content was read and billed, and it may contain any words.
  if (aboutTheRequest.test(error.code ?? '') || aboutTheRequest.test(error.innerCode ?? '')) return null
  if (usage && refusesUsageOptions(error, body)) return 'usage'
  const refused = maximum === null ? null : refusesMaximum(error, body, maximum)
  return refused === 'maximum' && !hasOtherName ? null : refused
}

/**
 * Finds out whether the instance does not know the workload's maximum by this name, or its model writes less than that.
 * Null where the maximum conflicts with something that the client wrote: without the maximum, the client would get
 * round it.
 */
function refusesMaximum({ code, param, message }: AnswerError, body: Buffer, member: string): RefusedAddition | null {
  // The model's context has less room than the maximum: the answer ends there without a maximum.
  if (code === 'context_length_exceeded') return 'maximum_too_large'
  if (param !== null && param !== '' && param !== member) return null
  const says = message ?? body.toString('latin1')
  if (!says.includes(member)) return null
  if (/\btoo large\b.{0,80}\bat most \d/is.test(says)) return 'maximum_too_large'
  return unknownMember.test(code ?? '') || unknownMember.test(says) ? 'maximum' : null
}
const unknownMember =
  /unsupported_(parameter|value)|unknown_parameter|unsupported parameter|unrecognized|unknown (parameter|argument)|not supported|not permitted|extra_forbidden/i

/**
 * True when the instance does not know `stream_options`, or not `include_usage` in it. It says so before it runs
 * anything. The whole body is searched: forms of validation errors differ, and all of them name what they refuse.
 */
function refusesUsageOptions({ param }: AnswerError, body: Buffer): boolean {
  if (param !== null && param !== '' && !usageOptions.test(param)) return false
  return usageOptions.test(body.toString('latin1'))
}
const usageOptions = /stream[_ -]?options|include[_ -]?usage/i

/** True when an answer with this status may turn out to be a refusal that is safe to replay. */
export function mayBeRefusal(status: number): boolean {
  return status === 429 || status === 503 || status === 404 || status === 400
}
