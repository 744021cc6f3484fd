/**
 * The body of a request to a member: as the client wrote it, with the names that its deployments have on the member and
 * with what the gateway adds. Where it may change was found in `receive`: no attempt scans a body again.
 */
import type { IncomingMessage } from 'node:http'
import { type Candidate, nameOn } from '../../instances/pool.ts'
import { type JsonEdit, JsonEdits } from '../../wire/json-edits.ts'
import { withField } from '../../wire/multipart.ts'
import { requireFormType, saysForm } from '../stages/4-receive/content-type.ts'
import { maximumMember } from '../stages/4-receive/maximum.ts'
import type { ReceivedRequest } from '../stages/4-receive/request.ts'
import type { Sending } from './sending.ts'

/** The body for this member. The same bytes where nothing changes; null for a call without a body. */
export function bodyFor(sending: Sending, candidate: Candidate): Buffer | null {
  const { request, call } = sending
  const { send, json } = request
  if (send === null || send === 'upload') return null
  const model = modelFor(sending, candidate)
  if (json === null) return model === null ? cutFrom(send, sending.cuts) : formWith(model, send, request, call.req)
  const usage = request.hideUsage ? request.usageOptions : null
  const maximum = maximumMemberOn(sending, candidate)
  const isSame = model === null && usage === null && maximum === null && json.named.length === 0
  if (isSame && sending.cuts.length === 0) return send
  const edits = new JsonEdits(send).replace(sending.cuts).replace(namesOn(sending, candidate))
  if (model !== null) edits.set(json.scan, 'model', JSON.stringify(model))
  if (usage !== null) edits.set(json.scan, 'stream_options', usage)
  if (maximum !== null) edits.set(json.scan, maximum, String(request.addedMaximum?.tokens))
  return edits.applied()
}

function cutFrom(body: Buffer, cuts: readonly JsonEdit[]): Buffer {
  return cuts.length === 0 ? body : new JsonEdits(body).replace(cuts).applied()
}

/** The name for `model` in the body; null where the body stays as it is, or the name is in the address. */
function modelFor(sending: Sending, candidate: Candidate): string | null {
  const { route, request } = sending
  if (movesName(sending, candidate)) return candidate.alias ?? request.deployment
  return route.deployment === null ? otherName(sending, candidate) : null
}

/** Null where the deployment has the same name on the instance as the client wrote. */
export function otherName({ route, request }: Sending, candidate: Candidate): string | null {
  const written = route.deployment ?? request.requestedModel
  const served = candidate.alias ?? request.deployment
  return served === written ? null : served
}

/**
 * True when the address names the deployment but this kind of backend reads only the body, so the name goes there. A
 * batch may have a deployment in its address too, but each of its lines names its own.
 */
export function movesName({ route }: Sending, { instance }: Candidate): boolean {
  return route.deployment !== null && !instance.backend.deploymentInAddress && route.operation.deployment === 'required'
}

/** The deployments of tools and data sources by their names on the member. */
function namesOn({ request, target }: Sending, { instance }: Candidate): readonly JsonEdit[] {
  const named = request.json?.named ?? []
  return named.flatMap(({ name, start, end }) => {
    const served = nameOn(target, instance, name)
    return served === null || served === name ? [] : [{ start, end, text: JSON.stringify(served) }]
  })
}

/** The name of the workload's maximum in requests to this member; null where none is added. */
export function maximumMemberOn({ route, request }: Sending, { instance, alias }: Candidate): string | null {
  const { addedMaximum, deployment } = request
  if (addedMaximum === null) return null
  const model = instance.deployments.get(alias ?? deployment ?? '')?.model ?? ''
  return maximumMember(route.operation.name, model, addedMaximum.as)
}

/**
 * The form with another `model`. Every other byte is unchanged. @param req has the boundary, for a form without a
 * model.
 */
export function formWith(
  name: string,
  form: Buffer,
  { modelAt }: Pick<ReceivedRequest, 'modelAt'>,
  req: IncomingMessage,
): Buffer {
  if (modelAt !== null)
    return Buffer.concat([form.subarray(0, modelAt.start), Buffer.from(name), form.subarray(modelAt.end)])
  return saysForm(req) ? withField(form, requireFormType(req), 'model', name) : form
}
