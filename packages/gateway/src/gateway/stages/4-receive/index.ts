/**
 * Receive: the request's body, and what it asks for. A deployment that only the body names is authorised here. The
 * ledger gets the bytes as they came. What a member gets is made of them for each attempt (`backend/body.ts`).
 */
import { dataSourceMembers, imageDeploymentField, membersOfSomeKinds } from '../../../wire/backends.ts'
import { BodyScanner } from '../../../wire/body-scan.ts'
import { demandMembers, demandOf } from '../../../wire/demand.ts'
import { depthMax, JsonScanError, memberValue, type Scan } from '../../../wire/json-scan.ts'
import type { CreatedKind } from '../../../wire/objects.ts'
import { type Reference, ReferenceFinder, ReferenceSearch } from '../../../wire/references.ts'
import { inSlices, type Sliced } from '../../../wire/slices.ts'
import type { Call } from '../../call.ts'
import { type Authorized, noteRequest, type Received } from '../../exchange.ts'
import type { GatewayParts } from '../../parts.ts'
import { listed, Refusal } from '../../refusals.ts'
import { type Grant, requireDeployment } from '../3-authorize/grant.ts'
import { decodeBody, readBody } from './body.ts'
import { authorizeBody, type NamedDeployment } from './body-policy.ts'
import type { BodyHold } from './budget.ts'
import { steer } from './canary.ts'
import { isWithoutBody, requireFormType, requireJsonType, saysForm } from './content-type.ts'
import { factsOfForm } from './form.ts'
import { withMaximum } from './maximum.ts'
import { type ReceivedRequest, type ReceiveLimits, requestWithoutBody } from './request.ts'
import { bodyShapes, shapeFor } from './shapes.ts'

const noReferences: readonly Reference[] = []
const noDeployments: readonly string[] = []

const wantedMembers = [
  'model',
  'stream',
  'stream_options',
  // Members that only some kinds of backend have, such as data sources.
  ...membersOfSomeKinds,
  ...demandMembers,
  // These decide whether later calls can name the answer.
  'store',
  'audio',
  // Purpose of an upload in parts.
  'purpose',
]
const shapes = bodyShapes(wantedMembers)

export type ReceiveParts = Pick<GatewayParts, 'receiveLimits' | 'random'>

/**
 * @param hold counts the bytes of the body for the caller; the gateway releases it when the exchange ends.
 * @throws Refusal body_*, bodies_full, model_missing, deployment_not_allowed, ...; ClientLeft, as a rejection
 */
export function receive(exchange: Authorized, hold: BodyHold, parts: ReceiveParts): Promise<Received> {
  const { call, caller, route } = exchange
  const { operation } = route
  hold.caller = caller
  const hasBody = call.method !== 'GET' && call.method !== 'HEAD' && operation.body !== 'none'
  if (!hasBody || operation.deployment === 'none') return receiveOther(exchange, hold, parts)
  const isJson = operation.body === 'json' || (operation.body === 'either' && !saysForm(call.req))
  return isJson ? receiveJson(exchange, hold, parts) : receiveOther(exchange, hold, parts)
}

function received(exchange: Authorized, request: ReceivedRequest, { random }: ReceiveParts): Received {
  noteRequest(exchange, steer(request, exchange.grant, random))
  return exchange
}

/** Calls without a body or without a deployment, and forms. */
async function receiveOther(exchange: Authorized, hold: BodyHold, parts: ReceiveParts): Promise<Received> {
  return received(exchange, await readOther(exchange, hold, parts.receiveLimits), parts)
}

async function readOther(
  { call, route, grant }: Authorized,
  hold: BodyHold,
  limits: ReceiveLimits,
): Promise<ReceivedRequest> {
  const { operation } = route
  const plain = requestWithoutBody(route.deployment, imageDeployment(call, grant))
  if (operation.body === 'none' || call.method === 'GET' || call.method === 'HEAD') {
    return plain
  }
  const isNamedAlready =
    operation.deployment === 'none' || (route.deployment !== null && !grant.target.readsBodyForName)
  if (operation.body === 'multipart' && isNamedAlready) {
    refuseAnnounced(call, limits.uploadBytesMax)
    requireFormType(call.req)
    refuseEncoded(call)
    return { ...plain, send: 'upload' }
  }
  const isForm = operation.body === 'multipart' || (operation.body === 'either' && saysForm(call.req))
  const boundary = isForm ? requireFormType(call.req) : null
  if (!isForm && !isWithoutBody(call.req)) requireJsonType(call.req)
  const whole = await readBody(call, hold, limits.bodyBytesMax, limits.timeoutMs)
  const received = [whole]
  const encoding = call.req.headers['content-encoding']
  const decoded = encoding !== undefined && encoding.toLowerCase() !== 'identity'
  const body = decoded ? await decodeBody(whole, encoding, limits.bodyBytesMax, hold) : whole
  if (boundary !== null) {
    const form = await factsOfForm(body, boundary)
    const model = operation.deployment === 'none' ? null : (route.deployment ?? requireModel(form.model, grant))
    const { stream, references, modelAt } = form
    return {
      ...plain,
      deployment: model,
      requestedModel: form.model ?? model,
      stream,
      references,
      modelAt,
      received,
      send: body,
      decoded,
    }
  }
  // Some of these operations take no body, or can do without one.
  if (body.length === 0) return { ...plain, received, send: body, decoded }
  const scan = await scanned(body, () => new BodyScanner(body, shapeFor(shapes, operation, grant.workload.policy)))
  const named = authorizeBody(body, scan, operation, grant.workload)
  const references = await scanned(body, () => new ReferenceFinder(body))
  if (operation.creates === 'upload') requirePurpose(body, scan)
  const toolDeployments = withNamed(plain.toolDeployments, named)
  const json = named.length === 0 ? null : { body, scan, named }
  return { ...plain, json, toolDeployments, references, received, send: body, decoded }
}

/**
 * Nearly every call: a JSON body on a deployment. Only promises are awaited: each needless await costs the call half a
 * microsecond.
 */
async function receiveJson(exchange: Authorized, hold: BodyHold, parts: ReceiveParts): Promise<Received> {
  const { call, route, grant } = exchange
  const { operation } = route
  const limits = parts.receiveLimits
  const ofHeader = imageDeployment(call, grant)
  if (!isWithoutBody(call.req)) requireJsonType(call.req)
  const whole = await readBody(call, hold, limits.bodyBytesMax, limits.timeoutMs)
  const encoding = call.req.headers['content-encoding']
  const decoded = encoding !== undefined && encoding.toLowerCase() !== 'identity'
  const body = decoded ? await decodeBody(whole, encoding, limits.bodyBytesMax, hold) : whole
  const scanning = scanned(body, () => new BodyScanner(body, shapeFor(shapes, operation, grant.workload.policy)))
  const scan = scanning instanceof Promise ? await scanning : scanning
  const { refersBy } = route.operation
  const model = read(body, scan, 'model')
  const named = typeof model === 'string' ? model : null
  const deployment = route.deployment ?? requireModel(named, grant)
  const further = authorizeBody(body, scan, operation, grant.workload)
  const stream = route.operation.usageInStream !== 'none' && read(body, scan, 'stream') === true
  const searching = refersBy.length === 0 ? noReferences : scanned(body, () => new ReferenceSearch(body, refersBy))
  const references = searching instanceof Promise ? await searching : searching
  const reading = demandOf(route.operation.name, body, scan)
  const demanded = reading instanceof Promise ? await reading : reading
  const { demand, added } = withMaximum(demanded, grant.workload, route.operation.name)
  const ask =
    stream &&
    route.operation.usageInStream === 'opt-in' &&
    (route.includeUsageAccepted || grant.target.takesUsageAlways || grant.workload.shadowTakesUsage) &&
    dataSourceMembers.every(member => isAbsent(body, scan, member))
  const options = ask ? usageOptions(read(body, scan, 'stream_options')) : null
  // One literal. Spreading another object into it cost every call a microsecond.
  const request: ReceivedRequest = {
    deployment,
    requestedModel: named ?? deployment,
    stream,
    hideUsage: options !== null && route.includeUsageAccepted,
    usageOptions: options,
    received: [whole],
    send: body,
    decoded,
    json: { body, scan, named: further },
    modelAt: null,
    answers: demand.answers,
    completionTokensMax: demand.completionTokensMax,
    addedMaximum: added,
    toolDeployments: withNamed(ofHeader, further),
    references,
    keeps: operation.createsWhenAsked === null ? null : keptOf(body, scan, operation.createsWhenAsked),
  }
  return received(exchange, request, parts)
}

function keptOf(body: Buffer, scan: Scan, kind: CreatedKind): CreatedKind | null {
  if (scan.members.has('store') && read(body, scan, 'store') === true) return kind
  return scan.members.has('audio') ? 'audio' : null
}

/** The lines of a batch are inspected while the file is uploaded whole. An upload in parts would pass uninspected. */
function requirePurpose(body: Buffer, scan: Scan): void {
  const purpose = read(body, scan, 'purpose')
  if (typeof purpose !== 'string' || !/batch/i.test(purpose)) return
  throw new Refusal('purpose_not_allowed', { purpose }, { param: 'purpose' })
}

function withNamed(first: readonly string[], named: readonly NamedDeployment[]): readonly string[] {
  return named.length === 0 ? first : [...new Set([...first, ...named.map(({ name }) => name)])]
}

/**
 * Azure runs the tool `image_generation` on the deployment that a header field names.
 * @throws Refusal deployment_not_allowed
 */
function imageDeployment({ req }: Call, grant: Grant): readonly string[] {
  const named = req.headers[imageDeploymentField]
  if (named === undefined) return noDeployments
  // Node joins repeated fields with a comma, and no deployment's name has one.
  const deployment = String(named)
  requireDeployment(grant.workload, deployment, imageDeploymentField)
  return [deployment]
}

/**
 * The client's stream options with usage switched on; null when it is already on, or when the backend will refuse them.
 */
function usageOptions(written: unknown): string | null {
  if (written === undefined || written === null) return '{"include_usage":true}'
  if (typeof written !== 'object' || Array.isArray(written)) return null
  const options = written as Readonly<Record<string, unknown>>
  const wanted = options['include_usage']
  if (wanted !== undefined && wanted !== false && wanted !== null) return null
  return JSON.stringify({ ...options, include_usage: true })
}

function requireModel(model: string | null, grant: Grant): string {
  if (model === null || model === '') {
    throw new Refusal('model_missing', { allowed: listed(grant.workload.deployments) }, { param: 'model' })
  }
  requireDeployment(grant.workload, model)
  return model
}

/** Synchronous for a body of one slice. @throws Refusal body_*, also as a rejection */
function scanned<T>(body: Buffer, begin: () => Sliced<T>): T | Promise<T> {
  try {
    const result = inSlices(begin(), body.length)
    return result instanceof Promise ? result.catch(refuseBody) : result
  } catch (error) {
    return refuseBody(error)
  }
}

function refuseBody(error: unknown): never {
  throw asBodyRefusal(error)
}

/** Longest value of a member that is read, in bytes: names, numbers and a few options. */
const valueBytesMax = 65_536

function read(body: Buffer, scan: Scan, key: string): unknown {
  const range = scan.members.get(key)
  if (range === undefined) return undefined
  if (range.valueEnd - range.valueStart > valueBytesMax) {
    throw new Refusal('body_too_complex', { most: valueBytesMax, what: `bytes in ${key}` }, { param: key })
  }
  try {
    return memberValue(body, range)
  } catch (error) {
    throw asBodyRefusal(error)
  }
}

/** True for an absent member and for null. Does not read the value, which may have megabytes. */
function isAbsent(body: Buffer, scan: Scan, key: string): boolean {
  const range = scan.members.get(key)
  return (
    range === undefined ||
    body.subarray(range.valueStart, Math.min(range.valueEnd, range.valueStart + 5)).equals(nullBytes)
  )
}

const nullBytes = Buffer.from('null')

function asBodyRefusal(error: unknown): unknown {
  if (!(error instanceof JsonScanError)) return error
  switch (error.fault) {
    case 'too_deep':
      return new Refusal('body_too_deep', { most: depthMax })
    case 'duplicate_key':
      return new Refusal('body_duplicate_key', { key: error.key ?? '' }, { param: error.key ?? '' })
    case 'too_many':
      return new Refusal('body_too_complex', { most: error.most, what: error.key ?? '' })
    case 'key_variant':
      return new Refusal('body_key_spelling', { key: error.key ?? '', meant: error.meant }, { param: error.meant })
    case 'not_utf8':
      return new Refusal('body_not_json', { reason: 'it is not UTF-8' })
    case 'not_an_object':
      return new Refusal('body_not_json', { reason: 'it does not begin with {' })
    case 'malformed':
      return new Refusal('body_not_json', { reason: `it cannot be read at byte ${error.offset}` })
    default:
      return error.fault satisfies never
  }
}

/**
 * An upload is streamed unchanged. A packed one could not be inspected, and Azure takes none.
 * @throws Refusal body_encoding
 */
function refuseEncoded({ req }: Call): void {
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new Refusal('body_encoding', { encoding })
}

function refuseAnnounced(call: Call, bytesMax: number): void {
  if (Number(call.req.headers['content-length'] ?? 0) > bytesMax)
    throw new Refusal('body_too_large', { most: bytesMax })
}
