/** Builds the request to a member: the call as it came, under the deployment's name on that instance. */
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { type Candidate, nameOn } from '../../instances/pool.ts'
import { attemptSpan } from '../../ledger/feeds/spans/ids.ts'
import type { Journal } from '../../ledger/index.ts'
import { imageDeploymentField } from '../../wire/backends.ts'
import { traceparentOf } from '../../wire/trace-context.ts'
import { requireFormType } from '../stages/4-receive/content-type.ts'
import { UploadInspector } from '../stages/4-receive/upload-lines.ts'
import { movesName, otherName } from './body.ts'
import { requestHeaders } from './headers.ts'
import type { Sending } from './sending.ts'
import { type UploadLimits, type UploadWatcher, uploadBody } from './upload.ts'

/** Null for a call without the header field, and where the deployment has the same name on the instance. */
function imageDeploymentOn({ call, request, target }: Sending, { instance }: Candidate): string | null {
  if (request.toolDeployments.length === 0) return null
  const written = call.req.headers[imageDeploymentField]
  const served = typeof written === 'string' ? nameOn(target, instance, written) : null
  return served === written ? null : served
}

/** An upload: where it is recorded, its limits, and what follows it. */
export interface Upload {
  readonly journal: Journal | null
  readonly limits: UploadLimits
  readonly relay: UploadWatcher
}

/**
 * @param body as `bodyFor` makes it for this member, or the upload that is streamed.
 * @param attempt number of this attempt among those of the record, from 0.
 */
export function requestFor(
  sending: Sending,
  candidate: Candidate,
  credential: { readonly name: string; readonly value: string },
  body: Buffer | null | Upload,
  attempt = 0,
): Dispatcher.DispatchOptions {
  const { call, route, request, trace } = sending
  const choice = {
    forwards: sending.forwards,
    backend: candidate.instance.backend,
    decoded: request.decoded,
    imageDeployment: imageDeploymentOn(sending, candidate),
    traceparent: trace === null ? null : traceparentOf(trace, attemptSpan(call.id, attempt)),
  }
  const headers = requestHeaders(call.req.rawHeaders, credential, call.id, choice)
  const name = movesName(sending, candidate) ? null : otherName(sending, candidate)
  const path = candidate.instance.backend.path(route.address, name)
  if (body === null || !('relay' in body)) return { method: call.method, path, headers, body }
  const length = call.req.headers['content-length']
  if (length !== undefined) headers.push('content-length', length)
  const { journal, limits, relay } = body
  const pieces = Readable.from(uploadBody(call, journal, limits, relay, inspectorOf(sending, candidate)))
  return { method: call.method, path, headers, body: pieces }
}

/** Files of batches name deployments in their lines, so they are inspected while they are sent. */
function inspectorOf({ call, route, target, workload }: Sending, { instance }: Candidate): UploadInspector | null {
  if (route.operation.creates !== 'file' || workload === null) return null
  const nameThere = (deployment: string): string | null => nameOn(target, instance, deployment)
  return new UploadInspector(requireFormType(call.req), { workload, nameThere, instance: instance.name })
}
