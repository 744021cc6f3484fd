/** What a call asks for, as `receive` reads it from its body and header fields. */
import type { Scan } from '../../../wire/json-scan.ts'
import type { CreatedKind } from '../../../wire/objects.ts'
import type { Reference } from '../../../wire/references.ts'
import type { NamedDeployment } from './body-policy.ts'
import type { FormFacts } from './form.ts'
import type { AddedMaximum } from './maximum.ts'

export interface ReceivedRequest {
  /** Null for operations without a deployment. */
  readonly deployment: string | null
  /** `model` as the client wrote it. */
  readonly requestedModel: string | null
  readonly stream: boolean
  /** True when the gateway asked for usage on the client's behalf and must take it out of the stream again. */
  readonly hideUsage: boolean
  /**
   * `stream_options` that ask for usage, for members that take them in every version of the API, where the version that
   * the call names does not know them; null for nearly every call.
   */
  readonly usageOptions: string | null
  /** Bytes as they came, for the ledger. Empty for an upload that is streamed. */
  readonly received: readonly Buffer[]
  /** What the backend gets: bytes, nothing, or the request itself, piece by piece. */
  readonly send: Buffer | null | 'upload'
  /** True when the bytes to send are not encoded as the client's Content-Encoding says. */
  readonly decoded: boolean
  /** The JSON body, decoded, as the client wrote it, and where its members stand; null for other bodies. */
  readonly json: { readonly body: Buffer; readonly scan: Scan; readonly named: readonly NamedDeployment[] } | null
  /** Answers that are made: choices of every prompt, and candidates that are thrown away. */
  readonly answers: number
  /** Most tokens of all answers together; null where the client set no maximum. */
  readonly completionTokensMax: number | null
  /** Put into the body, because the call sets no maximum and its workload says one; null for most. */
  readonly addedMaximum: AddedMaximum | null
  /** Where `model` stands in a form that was read whole; null for other bodies. */
  readonly modelAt: FormFacts['modelAt']
  /**
   * Deployments that the call names besides its own, as the client wrote them, each allowed: of tools and data sources.
   */
  readonly toolDeployments: readonly string[]
  /** Objects that the body refers to: `previous_response_id`, `input_file_id`, ... */
  readonly references: readonly Reference[]
  /** What of the answer later calls can name, because the body asks for it; null for most. */
  readonly keeps: CreatedKind | null
}

export interface ReceiveLimits {
  readonly bodyBytesMax: number
  readonly uploadBytesMax: number
  readonly timeoutMs: number
}

const noReferences: readonly Reference[] = []
const noDeployments: readonly string[] = []

/** A call without a body asks for nothing but its operation. @param deployment null for operations without one. */
export function requestWithoutBody(deployment: string | null, toolDeployments = noDeployments): ReceivedRequest {
  return {
    deployment,
    requestedModel: deployment,
    stream: false,
    hideUsage: false,
    usageOptions: null,
    received: [],
    send: null,
    decoded: false,
    json: null,
    modelAt: null,
    answers: 1,
    completionTokensMax: null,
    addedMaximum: null,
    toolDeployments,
    references: noReferences,
    keeps: null,
  }
}
