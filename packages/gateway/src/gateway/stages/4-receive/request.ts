/** The request of a call, as `receive` reads it from its body and header fields. */
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
  /** True when the gateway requests usage on its own and must remove it from the stream. */
  readonly hideUsage: boolean
  /**
   * `stream_options` that request usage. Without `hideUsage` the API version of the call does not know them, and they
   * are for members that take them in every version. Null where the gateway requests no usage.
   */
  readonly usageOptions: string | null
  /** The bytes as they came, for the ledger. Empty for an upload that is streamed. */
  readonly received: readonly Buffer[]
  /** The body, decoded, as the client wrote it: bytes, none, or the upload itself, piece by piece. */
  readonly send: Buffer | null | 'upload'
  /** True when the bytes to send no longer have the client's Content-Encoding. */
  readonly decoded: boolean
  /** The JSON body, decoded, as the client wrote it, with the positions of its members; null for other bodies. */
  readonly json: { readonly body: Buffer; readonly scan: Scan; readonly named: readonly NamedDeployment[] } | null
  /** Number of answers that are generated: choices of every prompt, and candidates that are discarded. */
  readonly answers: number
  /** Most tokens of all answers together; null when the client set no maximum. */
  readonly completionTokensMax: number | null
  /** The workload's maximum, which is put into a call that sets none; null for most calls. */
  readonly addedMaximum: AddedMaximum | null
  /** Position of `model` in a form that was read whole; null for other bodies. */
  readonly modelAt: FormFacts['modelAt']
  /**
   * Deployments that tools and data sources of the call name, as the client wrote them. Each of them is allowed.
   */
  readonly toolDeployments: readonly string[]
  /** Objects that the body refers to: `previous_response_id`, `input_file_id`, ... */
  readonly references: readonly Reference[]
  /**
   * The kind of object that the answer becomes because the body asks for it, so that later calls can name it; null for
   * most.
   */
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
