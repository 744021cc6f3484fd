import type { Caller } from '../../identity/index.ts'

/** A call that nobody has sent. */
export interface ExplainQuestion {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly url: string
  /** Null for a call without a token. */
  readonly caller: Caller | null
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** `model` of the body; null when there is no body. Without effect where `body` is given. */
  readonly model: string | null
  /** The body as the client would send it. Default: only `model` is known of it. */
  readonly body?: Uint8Array | null
  /** Deployments that tools of the call name, where the body is not given. */
  readonly toolDeployments?: readonly string[]
}
