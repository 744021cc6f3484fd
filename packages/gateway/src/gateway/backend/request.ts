/** Builds the request to a member: the call as it came, under the deployment's name on that instance. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { type Candidate, nameOn, type Target } from '../../instances/pool.ts'
import type { Journal } from '../../ledger/index.ts'
import { imageDeploymentField } from '../../wire/backends.ts'
import { scanObject, withMember } from '../../wire/json-scan.ts'
import { withField } from '../../wire/multipart.ts'
import type { Forwards } from '../../wire/request-fields.ts'
import type { Call } from '../call.ts'
import type { Workload } from '../plan/index.ts'
import type { Route } from '../stages/1-resolve/route.ts'
import { requireFormType, saysForm } from '../stages/4-receive/content-type.ts'
import { maximumMember } from '../stages/4-receive/maximum.ts'
import type { ReceivedRequest } from '../stages/4-receive/request.ts'
import { UploadInspector } from '../stages/4-receive/upload-lines.ts'
import { requestHeaders } from './headers.ts'
import { type UploadLimits, type UploadWatcher, uploadBody } from './upload.ts'

export interface Sending {
  readonly call: Call
  readonly route: Route
  readonly request: ReceivedRequest
  /** The target of the call. It knows the names of deployments on each of its members. */
  readonly target: Target
  readonly forwards: Forwards
  /** The workload of the call; null for calls that the gateway sends by itself. */
  readonly workload: Workload | null
}

/** Null where the deployment has the same name on the instance as the client wrote. */
function otherName({ route, request }: Sending, candidate: Candidate): string | null {
  const written = route.deployment ?? request.requestedModel
  const served = candidate.alias ?? request.deployment
  return served === written ? null : served
}

/** True when the address names the deployment but this kind of backend reads only the body, so the name goes there. */
function movesName({ route }: Sending, { instance }: Candidate): boolean {
  return route.deployment !== null && !instance.backend.deploymentInAddress && route.operation.deployment === 'required'
}

/** Null for a call without the header field, and where the deployment has the same name on the instance. */
function imageDeploymentOn({ call, request, target }: Sending, { instance }: Candidate): string | null {
  if (request.toolDeployments.length === 0) return null
  const written = call.req.headers[imageDeploymentField]
  const served = typeof written === 'string' ? nameOn(target, instance, written) : null
  return served === written ? null : served
}

/**
 * @param upload for a streamed body: where it is recorded, its limits, and what follows it; null where no body is
 *   streamed.
 */
export function requestFor(
  sending: Sending,
  candidate: Candidate,
  credential: { readonly name: string; readonly value: string },
  upload: { readonly journal: Journal | null; readonly limits: UploadLimits; readonly relay: UploadWatcher } | null,
): Dispatcher.DispatchOptions {
  const { call, route, request } = sending
  const choice = {
    forwards: sending.forwards,
    backend: candidate.instance.backend,
    decoded: request.decoded,
    imageDeployment: imageDeploymentOn(sending, candidate),
  }
  const headers = requestHeaders(call.req.rawHeaders, credential, call.id, choice)
  const isMoved = movesName(sending, candidate)
  const name = isMoved ? (candidate.alias ?? request.deployment) : otherName(sending, candidate)
  const path = candidate.instance.backend.path(route.address, name)
  if (request.send !== 'upload') {
    const send = withAliases(sending, candidate)
    const inBody = name !== null && (isMoved || route.deployment === null)
    const named = inBody ? bodyWith(name, { ...request, send }, call.req) : send
    return { method: call.method, path, headers, body: bounded(named, sending, candidate) }
  }
  if (upload === null) throw new TypeError('a streamed body can be sent once')
  const length = call.req.headers['content-length']
  if (length !== undefined) headers.push('content-length', length)
  const body = Readable.from(
    uploadBody(call, upload.journal, upload.limits, upload.relay, inspectorOf(sending, candidate)),
  )
  return { method: call.method, path, headers, body }
}

/** Files of batches name deployments in their lines, so they are inspected while they are sent. */
function inspectorOf({ call, route, target, workload }: Sending, { instance }: Candidate): UploadInspector | null {
  if (route.operation.creates !== 'file' || workload === null) return null
  const nameThere = (deployment: string): string | null => nameOn(target, instance, deployment)
  return new UploadInspector(requireFormType(call.req), { workload, nameThere, instance: instance.name })
}

/**
 * The body with the deployments of its tools and data sources by their names on the member. Every other byte is
 * unchanged.
 */
function withAliases({ request, target }: Sending, { instance }: Candidate): Buffer | null {
  const { send, json } = request
  if (send === 'upload' || send === null) return null
  if (json === null || json.named.length === 0) return send
  // Everything after the gateway's own `stream_options` has moved by their length.
  const moved = send.length - json.body.length
  const from = json.scan.members.get('stream_options')?.valueStart ?? json.scan.openEnd
  const pieces: Buffer[] = []
  let at = 0
  for (const { name, start, end } of json.named) {
    const served = nameOn(target, instance, name)
    if (served === null || served === name) continue
    const shift = start >= from ? moved : 0
    pieces.push(send.subarray(at, start + shift), Buffer.from(JSON.stringify(served)))
    at = end + shift
  }
  return at === 0 ? send : Buffer.concat([...pieces, send.subarray(at)])
}

/** The body with the workload's maximum, under the name that the model of this member accepts. */
function bounded(body: Buffer | null, sending: Sending, candidate: Candidate): Buffer | null {
  const { addedMaximum } = sending.request
  if (addedMaximum === null || body === null) return body
  const member = maximumMemberOn(sending, candidate)
  if (member === null) return body
  const { json } = sending.request
  // Nearly always the member is absent and goes in at the front, which is at the same place as in the client's body.
  const isAbsent = json !== null && !json.scan.empty && !json.scan.members.has(member)
  const scan = isAbsent ? json.scan : scanObject(body, new Set([member]))
  return withMember(body, scan, member, String(addedMaximum.tokens))
}

/** The name of the workload's maximum in requests to this member; null where none is added. */
export function maximumMemberOn({ route, request }: Sending, { instance, alias }: Candidate): string | null {
  const { addedMaximum, deployment } = request
  if (addedMaximum === null) return null
  const model = instance.deployments.get(alias ?? deployment ?? '')?.model ?? ''
  return maximumMember(route.operation.name, model, addedMaximum.as)
}

const modelOnly: ReadonlySet<string> = new Set(['model'])

/**
 * The body with another `model`. Every other byte is unchanged. @param req has the boundary, for a form without a
 * model.
 */
export function bodyWith(
  name: string,
  request: Pick<ReceivedRequest, 'send' | 'json' | 'modelAt'>,
  req: IncomingMessage,
): Buffer | null {
  const { send, json, modelAt } = request
  if (send === null || send === 'upload') return null
  if (modelAt !== null)
    return Buffer.concat([send.subarray(0, modelAt.start), Buffer.from(name), send.subarray(modelAt.end)])
  if (json === null) return saysForm(req) ? withField(send, requireFormType(req), 'model', name) : send
  return withMember(send, scanObject(send, modelOnly), 'model', JSON.stringify(name))
}
