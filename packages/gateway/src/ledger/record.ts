/**
 * The record: what the ledger keeps of one exchange. It is written in two halves: `Opened` is with the kernel before the
 * backend is called, `Closed` after the exchange ended. An exchange that was never opened (refused, or failed before the
 * backend was called) is one `Closed` that carries an `Opened` along.
 * Names follow OpenTelemetry's GenAI conventions where they have a name (docs/ledger.md has the table).
 */

/** How an exchange ended. */
export type Outcome =
  /** The backend's answer reached the client whole, whatever its status. */
  | 'completed'
  /** The gateway answered itself. `outcomeCode` is the refusal's code. */
  | 'refused'
  /** The backend did not answer, or its answer broke off. `outcomeCode` says how. */
  | 'failed'
  /** The client left before the end. */
  | 'aborted'
  /** The gateway's process died while the exchange was open; found when it started again. */
  | 'interrupted'

/**
 * Where token figures come from.
 * - `reported`: the backend's own report.
 * - `counted`: the gateway's tokenizer counted the text that passed.
 * - `bounded`: nothing told the truth, so the figures are a bound: at least what passed, and at least what was reserved or learned.
 * - `owed`: the call began work in the background; a later record that names this one in `copyOf` or the same object has the figures.
 * - `none`: nothing was produced, or nothing can be counted.
 */
export const usageSources = ['reported', 'counted', 'bounded', 'owed', 'none'] as const
export type UsageSource = (typeof usageSources)[number]

export interface Usage {
  readonly source: UsageSource
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly totalTokens: number | null
  readonly cachedTokens: number | null
  readonly reasoningTokens: number | null
  readonly audioPromptTokens: number | null
  readonly audioCompletionTokens: number | null
  readonly imagePromptTokens: number | null
  readonly imageCompletionTokens: number | null
}

export const noUsage: Usage = {
  source: 'none',
  promptTokens: null,
  completionTokens: null,
  totalTokens: null,
  cachedTokens: null,
  reasoningTokens: null,
  audioPromptTokens: null,
  audioCompletionTokens: null,
  imagePromptTokens: null,
  imageCompletionTokens: null,
}

/** What the tokens of an exchange cost. */
export interface Cost {
  /** Billionths of the currency, a whole number. */
  readonly nano: number
  /** ISO 4217. */
  readonly currency: string
  /** Model and first day of the price it was computed with, as `gpt-4o-2024-08-06 2024-10-01`. */
  readonly price: string
}

/**
 * Calls that the gateway sends by itself. `shadow`: a mirrored copy whose answer is discarded. `hedge`: a second try beside a slow one.
 * `follow_up`: it asks for the end of a background response or batch, to learn what that used.
 */
export const copyKinds = ['shadow', 'hedge', 'follow_up'] as const
export type CopyKind = (typeof copyKinds)[number]

/** One try at one instance. */
export interface AttemptRecord {
  readonly instance: string
  /** HTTP status, or null when no answer came. */
  readonly status: number | null
  readonly durationMs: number
  /** Why it failed without a status: `connect_refused`, `connect_timeout`, `first_byte_timeout`, `stream_idle_timeout`, ... */
  readonly error: string | null
}

/** What is known before the backend is called. Times are milliseconds since the epoch. */
export interface Opened {
  /** The exchange's id, a UUID of version 7; also the answer's `x-gatehouse-request-id`. */
  readonly id: string
  readonly startedAtMs: number
  /** True for history that the demonstration wrote. */
  readonly demonstration: boolean
  /** Id of the exchange of which this is a copy that the gateway sent by itself; null for what a client asked. */
  readonly copyOf: string | null
  readonly copyKind: CopyKind | null

  /** Null when the caller was never verified (a 401, or an address that leads nowhere). */
  readonly callerKind: 'user' | 'application' | null
  readonly callerTenantId: string | null
  readonly callerObjectId: string | null
  readonly callerAppId: string | null
  readonly callerName: string | null

  readonly workload: string | null
  readonly target: string | null
  readonly instance: string | null
  readonly region: string | null
  /** As the workload names it; what a canary share was sent to instead. */
  readonly deployment: string | null
  /** `model` as the client wrote it, in the body or the path. */
  readonly requestedModel: string | null
  /** Deployments that the request names besides its own, in a header, a tool or a data source; empty for nearly all calls. */
  readonly toolDeployments: readonly string[]
  readonly apiVersion: string | null
  /** Row of the operations table, as `chat/completions`; null when the address leads nowhere. */
  readonly operation: string | null
  readonly stream: boolean

  readonly method: string
  /** Path as it was received, without the query (a query may carry a key), at most 2,048 characters. */
  readonly path: string
  readonly clientAddress: string | null
  readonly userAgent: string | null
  readonly requestContentType: string | null
}

/** What is known when the exchange has ended. Fields that repeat `Opened` correct it. */
export interface Closed {
  readonly id: string
  readonly outcome: Outcome
  /** Stable code: a refusal's code, `client_left`, `backend_cut`, `stream_idle_timeout`, ...; null for `completed`. */
  readonly outcomeCode: string | null
  /** Status that the client saw, null when it saw none. */
  readonly status: number | null
  readonly sentAtMs: number | null
  readonly firstByteAtMs: number | null
  readonly endedAtMs: number
  readonly instance: string | null
  readonly region: string | null
  /** `model` of the answer: the dated snapshot. */
  readonly servedModel: string | null
  /** Name of the deployment on the instance that served, where it has another one (an alias). */
  readonly servedDeployment: string | null
  /** Deployment from which Azure itself spilled the call over to another one (x-ms-spillover-from-deployment). */
  readonly spilledFrom: string | null
  readonly attempts: readonly AttemptRecord[]
  readonly usage: Usage
  /** `service_tier` that the answer names, as `default`, `priority` or `flex`; null where it names none. It decides the price. */
  readonly serviceTier: string | null
  /** Refused calls that this record stands for; 1 for every call that has a record of its own. */
  readonly summedCalls: number
  /** Null where nothing was billed or the price is not known. */
  readonly cost: Cost | null
  /** Tokens reserved before the call; null where no limit was met. */
  readonly reservedTokens: number | null
  /** Milliseconds in the waiting line; null for a call that did not wait. */
  readonly waitedMs: number | null
  /** Id of the object that the call created (response, file, batch, ...). */
  readonly objectId: string | null
  readonly finishReason: string | null
  readonly backendRequestId: string | null
  readonly responseContentType: string | null
  /** Bytes received from the client and relayed to it, bodies alone. */
  readonly requestBytes: number
  readonly responseBytes: number
  /** Present when the exchange was never opened: the whole record is then in this one entry. */
  readonly opened?: Opened
}

/** A record's figures, without bodies: what lists and reports read. */
export interface RecordRow extends Opened, Omit<Closed, 'opened' | 'id' | 'instance' | 'region'> {
  readonly durationMs: number
  /** Time from sending to the backend to its first byte. */
  readonly timeToFirstByteMs: number | null
}

/** A record with its bodies as the bytes that passed. Null when not captured (`capture: metadata`) or already purged. */
export interface RecordBodies {
  readonly id: string
  readonly request: Uint8Array | null
  readonly response: Uint8Array | null
}
