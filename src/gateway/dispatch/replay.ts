/** Whether a call may be sent to another member after it failed on one. */
import { memberValue, scanObject } from '../../wire/json-scan.ts'

/** How a try at a member failed, before any byte of its answer went to the client. */
export type DispatchFailure =
  /** No head of an answer came. `sent` is true from the moment in which the request may have left the process. */
  | { readonly kind: 'unanswered'; readonly sent: boolean }
  /** An answer came, whole; `error` is what its body says. */
  | { readonly kind: 'answered'; readonly status: number; readonly error: AnswerError }

export interface AnswerError {
  readonly code: string | null
  readonly message: string | null
}

/**
 * True only while the backend cannot have begun to bill: no connection came about, so that nothing was sent; or it refused the call
 * with 429 or 503, or because it has no such deployment.
 *
 * What could happen twice otherwise: a call that was sent and not answered, or answered with 500, may have run. The prompt would
 * be billed again, tools would be called again by the client that gets the second answer, and a stored response would exist twice.
 */
export function safeToReplay(failure: DispatchFailure): boolean {
  if (failure.kind === 'unanswered') return !failure.sent
  return failure.status === 429 || failure.status === 503 || lacksDeployment(failure.status, failure.error)
}

/** The instance says that it does not have the deployment: 404 DeploymentNotFound, or 400 "missing deployment". */
export function lacksDeployment(status: number, { code, message }: AnswerError): boolean {
  if (status !== 404 && status !== 400) return false
  return code === 'DeploymentNotFound' || (message !== null && /^missing deployment\b/i.test(message))
}

/** Whether an answer with this status may turn out to be a refusal that is safe to replay. */
export function mayBeRefusal(status: number): boolean {
  return status === 429 || status === 503 || status === 404 || status === 400
}

const noError: AnswerError = { code: null, message: null }
const errorOnly: ReadonlySet<string> = new Set(['error'])

/** OpenAI's error object in a body; nothing where there is none. */
export function errorIn(body: Buffer): AnswerError {
  try {
    const range = scanObject(body, errorOnly).members.get('error')
    const error = range === undefined ? null : memberValue(body, range)
    if (typeof error !== 'object' || error === null) return noError
    const { code, message } = error as Readonly<Record<string, unknown>>
    return { code: typeof code === 'string' ? code : null, message: typeof message === 'string' ? message : null }
  } catch {
    return noError
  }
}
