/** Whether a call may be sent to another member after it failed on one. */
import type { AnswerError } from '../../wire/answer-error.ts'
import type { BackendFacts } from '../../wire/backends.ts'

/** How a try at a member failed, before any byte of its answer went to the client. */
export type DispatchFailure =
  /** No head of an answer came. `sent` is true from the moment in which the request may have left the process. */
  | { readonly kind: 'unanswered'; readonly sent: boolean }
  /** An answer came, whole; `error` is what its body says. */
  | { readonly kind: 'answered'; readonly status: number; readonly error: AnswerError; readonly backend: BackendFacts }

/**
 * True only while the backend cannot have begun to bill: no connection was established, so nothing was sent; or it refused the call
 * with 429 or 503, or because it has no such deployment or no such address, or because another
 * instance has made what the call brings. What refuses the gateway itself (`refusesGateway`) is
 * safe as well: a call that is not let in is not run.
 *
 * What could happen twice otherwise: a call that was sent and not answered, or answered with 500, may have run. The prompt would
 * be billed again, tools would be called again by the client that gets the second answer, and a stored response would exist twice.
 */
export function safeToReplay(failure: DispatchFailure): boolean {
  if (failure.kind === 'unanswered') return !failure.sent
  const { status, error, backend } = failure
  return (
    status === 429 ||
    status === 503 ||
    backend.lacksDeployment(status, error) ||
    // Other members of a pool may be newer. Nothing shows whose fault it is, so the member stays in use.
    backend.lacksAddress(status, error) ||
    lacksState(status, error)
  )
}

/**
 * The instance cannot read what the call brings of earlier answers: encrypted reasoning of another resource, or an item that it does not
 * have. It finds that out before the model is called. Only of calls of which nobody knows where their content was made: others go there.
 */
export function lacksState(status: number, { code, message }: AnswerError): boolean {
  if (status !== 400 && status !== 404) return false
  return (
    code === 'invalid_encrypted_content' ||
    (message !== null && /^Item with id '[^']{1,256}' not found\b/.test(message))
  )
}

/** Codes of a 401 or 403 that finds fault with what is asked for. `message` decides nothing: a blocked resource is told about content, too. */
const aboutTheRequest = /content|policy_?violation|responsibleai|safety|moderation|prompt/i

/**
 * Whether an instance refuses the gateway: its credential, its network, its role, or the whole resource. Asked only where the
 * credential is the gateway's; with the caller's own token the answer is the caller's.
 * @returns `certain` when every call would meet it; `likely` when it may hang on what this call asks for, as a role that lacks one action
 *   or a firewall that reads bodies; `no` when it is about the request.
 */
export function refusesGateway(
  status: number,
  error: AnswerError,
  backend: BackendFacts,
  asksOutside: boolean,
): 'certain' | 'likely' | 'no' {
  const { code, param, innerCode } = error
  if (status !== 401 && status !== 403) return 'no'
  // The key is valid, and may use other models.
  if (backend.lacksDeployment(status, error)) return 'no'
  if (aboutTheRequest.test(code ?? '') || aboutTheRequest.test(innerCode ?? '')) return 'no'
  if (param !== null && param !== '') return 'no'
  // The credential that was refused may be the one for a source of data that the caller has named.
  if (asksOutside) return 'likely'
  if (status === 401) return 'certain'
  return backend.refusesAll(error) ? 'certain' : 'likely'
}

/** What the gateway has put into a request by itself. */
export interface Additions {
  /** `stream_options.include_usage`. */
  readonly usage: boolean
  /** The member with the workload's maximum; null where there is none. */
  readonly maximum: string | null
  /** The maximum can be tried under another name. */
  readonly hasOtherName: boolean
}

/** Of nearly every call that is not streamed. */
export const nothingAdded: Additions = { usage: false, maximum: null, hasOtherName: false }

/** Which of the additions an instance does not take: the request is to be sent again without it, or in another form. */
export type RefusedAddition = 'usage' | 'maximum' | 'maximum_too_large'

/**
 * What the gateway added is never the reason why a client is refused.
 * @param error what the body says, parsed. @param body whole.
 * @returns null when the refusal is about something else.
 */
export function refusedAddition(
  status: number,
  error: AnswerError,
  body: Buffer,
  { usage, maximum, hasOtherName }: Additions,
): RefusedAddition | null {
  if (status !== 400 && status !== 422) return null
  // A prompt that was refused for its content was read, and billed; it may hold any words.
  if (aboutTheRequest.test(error.code ?? '') || aboutTheRequest.test(error.innerCode ?? '')) return null
  if (usage && refusesUsageOptions(error, body)) return 'usage'
  const refused = maximum === null ? null : refusesMaximum(error, body, maximum)
  return refused === 'maximum' && !hasOtherName ? null : refused
}

/**
 * Whether the instance does not know the workload's maximum by this name, or its model writes less at most. Not so where the maximum does
 * not suit something that the client has written: without it the client would get round it.
 */
function refusesMaximum({ code, param, message }: AnswerError, body: Buffer, member: string): RefusedAddition | null {
  // What is left of the model's context is less than the maximum: the answer ends there without one.
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
 * Whether the instance does not know `stream_options`, or not `include_usage` in it. It says so before it runs anything. The whole body is
 * searched: forms of validation errors differ, and all of them name what they refuse.
 */
function refusesUsageOptions({ param }: AnswerError, body: Buffer): boolean {
  if (param !== null && param !== '' && !usageOptions.test(param)) return false
  return usageOptions.test(body.toString('latin1'))
}
const usageOptions = /stream[_ -]?options|include[_ -]?usage/i

/** Whether an answer with this status may turn out to be a refusal that is safe to replay. */
export function mayBeRefusal(status: number): boolean {
  return status === 429 || status === 503 || status === 404 || status === 400
}
