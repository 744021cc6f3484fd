import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JsonRecord } from '../json.ts'
import type { OpenLine } from './billing/bill.ts'
import { promptTokens } from './billing/index.ts'
import {
  AzureError,
  type CallDetails,
  deploymentNotFound,
  invalidRequest,
  operationNotSupported,
  promptFiltered,
} from './errors.ts'
import type { Fault } from './faults.ts'
import { modelHeaders } from './http/headers.ts'
import type { OperationFacts, Route } from './http/routing.ts'
import { type Draw, drawOf } from './seed.ts'
import type { Deployment, Service } from './service.ts'
import { servedTier } from './service-tier.ts'

/** A call after the head of its request has arrived; its path names an operation. */
export interface Received {
  readonly service: Service
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly route: Route
  readonly line: OpenLine
  /** Headers of the answer; more are added until its head is sent. */
  readonly headers: Record<string, string>
  /** Aborts when the client has left or the instance closes. */
  readonly gone: AbortSignal
  /** `brokenOff` is set when the simulator itself broke the connection: then it was not the client that left. */
  readonly connection: { brokenOff: boolean }
  /** Set when the deployment's limits have counted the call. */
  readonly demand: { counted: boolean }
}

/** A call that was admitted, with the body that was read. */
export interface Call extends Received {
  readonly fault: Fault | null
  readonly input: JsonRecord | FormData | null
}

/** Input of an operation that makes an answer. A line of a batch has it too. */
export interface Work {
  readonly service: Service
  readonly deployment: Deployment
  /** Null on v1. */
  readonly apiVersion: string | null
  /** Equal for calls of equal deployment, operation and meaning. */
  readonly key: string
  readonly draw: Draw
  readonly createdAtSeconds: number
  /** False under the fault `no-usage`. */
  readonly reportsUsage: boolean
}

export function jsonInput(call: Call): JsonRecord {
  if (call.input !== null && !(call.input instanceof FormData)) return call.input
  throw invalidRequest('The body of this request must be a JSON object, sent as application/json.', null, null)
}

export function formInput(call: Call): FormData {
  if (call.input instanceof FormData) return call.input
  throw invalidRequest('The body of this request must be a form, sent as multipart/form-data.', null, null)
}

/**
 * The deployment that a call names, in its path or as `model`. Throws 404 when there is none of that name, 400 when it
 * cannot do the operation.
 */
export function deploymentOf(service: Service, route: Route, named: string | null): Deployment {
  if (named === null || named === '') {
    throw invalidRequest("Missing required parameter: 'model'.", 'model', 'missing_required_parameter')
  }
  return workableDeployment(service, named, route.facts)
}

/** The deployment of that name. Throws 404 when there is none, 400 when it lacks the ability. */
export function workableDeployment(
  service: Service,
  named: string,
  { ability, says }: Pick<OperationFacts, 'ability' | 'says'>,
): Deployment {
  const deployment = service.deployments.get(named)
  if (!deployment) throw deploymentNotFound()
  if (ability !== null && !deployment.facts.abilities.includes(ability))
    throw operationNotSupported(says, deployment.model)
  return deployment
}

/**
 * The work of a call. Ids and text follow from the deployment, the operation and the meaning of the body, not from
 * streaming or from how usage is reported: a call gets the same answer whichever proxy relays it.
 */
export function workOf(call: Call, meaning: string): Work {
  const { service, route, line, headers, fault } = call
  const deployment = deploymentOf(service, route, line.deployment)
  Object.assign(headers, modelHeaders(deployment, route.operation, drawOf('session', deployment.name)))
  return makeWork(
    { service, deployment, apiVersion: route.apiVersion, reportsUsage: fault?.kind !== 'no-usage' },
    route.operation,
    meaning,
  )
}

type Setting = Pick<Work, 'service' | 'deployment' | 'apiVersion' | 'reportsUsage'>

/** Same as `workOf`, for a line of a batch, which has no call. */
export function makeWork(setting: Setting, operation: string, meaning: string): Work {
  const { service, deployment } = setting
  const key = hash('sha1', `${deployment.name}\n${operation}\n${meaning}`, 'base64')
  const draw = service.drawFor(key)
  return { ...setting, key, draw, createdAtSeconds: service.createdAtSeconds(draw) }
}

/** Prompt tokens by the model's tokenizer. Equal calls are counted once: load tests and retries repeat them. */
export function countedPrompt(work: Work, operation: string, body: JsonRecord): number {
  return work.service.promptTokens.get(work.key, () => promptTokens(work.deployment.model, operation, body))
}

/** The members of a JSON body that decide the answer. */
export function meaningOf(input: JsonRecord): string {
  const { stream: _, stream_options: __, model: ___, user: ____, store: _____, ...rest } = input
  return JSON.stringify(rest)
}

/**
 * Takes the call's demand from its deployment's limits and adds the prompt to the bill. Throws 429, or the 400 of the
 * content filter; then the prompt stays in the bill.
 */
export function admit(call: Call, work: Work, prompt: number, answerTokensMax: number | null): void {
  const { route, line, fault, headers } = call
  const tokens = prompt + (answerTokensMax ?? 0)
  call.demand.counted = true
  headers['x-ms-is-spilled-over'] = String('x-ms-spillover-from-deployment' in headers)
  try {
    work.deployment.limits.take({ tokens, details: detailsOf(call) }, headers)
  } catch (refusal) {
    throw hidesLimits(call) ? withoutTimes(refusal) : refusal
  } finally {
    if (hidesLimits(call)) hideLimits(headers)
  }
  line.promptTokens = prompt
  line.serviceTier = call.input instanceof FormData ? 'default' : servedTier(call.input ?? {})
  const filtersLater = line.stream && fault?.after !== null && route.operation === 'chat/completions'
  if (fault?.kind === 'content-filter' && !filtersLater) throw promptFiltered()
}

/** Details of a call, for the message of its 429. */
export function detailsOf({ service, route, line }: Call): CallDetails {
  const deployment = line.deployment ?? ''
  return {
    operation: route.facts.azureName,
    apiVersion: route.apiVersion,
    deployment,
    model: service.deployments.get(deployment)?.model ?? deployment,
    region: service.region,
  }
}

function hidesLimits(call: Call): boolean {
  return call.service.responsesHideLimits && call.route.operation === 'responses'
}

function hideLimits(headers: Record<string, string>): void {
  for (const unit of ['requests', 'tokens']) {
    headers[`x-ratelimit-limit-${unit}`] = '-1'
    headers[`x-ratelimit-remaining-${unit}`] = '-1'
    headers[`x-ratelimit-reset-${unit}`] = '0'
  }
}

function withoutTimes(refusal: unknown): unknown {
  if (!(refusal instanceof AzureError)) return refusal
  return new AzureError(refusal.status, refusal.code, refusal.message, refusal.body)
}

/**
 * Sends an answer, then settles what `admit` had reserved for it with what was produced. Also for an answer that broke
 * off.
 */
export function settled(call: Call, work: Work, answerTokensMax: number | null, sending: Promise<void>): Promise<void> {
  const { limits } = work.deployment
  if (!limits.settles) return sending
  return sending.finally(() => limits.finished(call.line.completionTokens, answerTokensMax))
}
