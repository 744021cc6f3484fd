/** One call from its head to its last byte: route, bill, admit, read, strike, answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRecord, type JsonRecord } from '../json.ts'
import type { OpenLine } from './billing/bill.ts'
import { type Call, detailsOf, type Received } from './call.ts'
import { AzureError, deploymentNotFound, internalError, invalidRequest, tooLarge } from './errors.ts'
import { refusalOf } from './faults.ts'
import { handlers } from './handlers.ts'
import { adminRoute } from './http/admin.ts'
import { untilGone } from './http/answer.ts'
import type { Gate } from './http/auth.ts'
import { answerHeaders, preflightHeaders } from './http/headers.ts'
import { type Route, route } from './http/routing.ts'
import { spill } from './limits/spillover.ts'
import type { Service } from './service.ts'

/** The service's limit for files of batches, the largest of its limits. */
const bodyBytesMax = 200 * 1024 * 1024

export async function serve(
  service: Service,
  gate: Gate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '/'
  if (target.startsWith('/_simulator/')) return adminRoute(service, request, response)
  const headers = answerHeaders(service, request)
  const preflight = preflightHeaders(request)
  try {
    const found = route(preflight === null ? (request.method ?? 'GET') : null, target)
    if (preflight !== null) return preflighted(request, response, { ...headers, ...preflight })
    // Before anything is decided: every call that reached the instance is in its bill, whatever its outcome.
    const line = openLine(service, found, request, headers)
    await serveOperation(gate, receive(service, request, response, found, line, headers))
  } catch (cause) {
    await readBody(request).catch(() => null)
    sendError(response, headers, cause, null)
  }
}

/** A preflight has no credential and costs nothing, so it has no line in the bill. */
async function preflighted(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string>,
): Promise<void> {
  await readBody(request)
  if (!response.destroyed) response.writeHead(200, headers).end()
}

function receive(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  found: Route,
  line: OpenLine,
  headers: Record<string, string>,
): Received {
  const leaving = new AbortController()
  const connection = { brokenOff: false }
  service.running.add(leaving)
  response.once('close', () => {
    service.running.delete(leaving)
    line.ended = true
    if (response.writableFinished) return
    line.clientGone = !connection.brokenOff && !leaving.signal.aborted
    // With a reason: the default one is an exception with a stack, 20 µs each.
    leaving.abort('left')
  })
  const demand = { counted: false }
  return { service, request, response, route: found, line, headers, gone: leaving.signal, connection, demand }
}

async function serveOperation(gate: Gate, received: Received): Promise<void> {
  const { request, response, headers, line, route: found, gone } = received
  try {
    // The body is read even when the call will be refused, so that the connection can be used again.
    const bytes = await readBody(request)
    if (bytes === null) return
    line.subject = await gate.admit(request.headers, found)
    const input = await readInput(request, bytes)
    if (!gone.aborted) await serveCall(openCall(received, input))
  } catch (cause) {
    sendError(response, headers, cause, line)
  }
}

function openLine(service: Service, found: Route, request: IncomingMessage, headers: Record<string, string>): OpenLine {
  const gatehouseId = request.headers['x-gatehouse-request-id']
  return service.bill.open({
    gatehouseRequestId: typeof gatehouseId === 'string' ? gatehouseId : null,
    requestId: headers['apim-request-id'] ?? '',
    receivedAtMs: service.clock(),
    instance: service.name,
    deployment: found.deployment,
    operation: found.operation,
  })
}

function openCall(received: Received, input: JsonRecord | FormData | null): Call {
  const { service, request, route: found, line, headers } = received
  const runs = found.facts.deployment !== 'none'
  line.deployment = found.deployment ?? (runs ? named(input, 'model') : null)
  line.stream = runs && (input instanceof FormData ? input.get('stream') === 'true' : input?.stream === true)
  if (runs && found.operation !== 'responses') headers['x-ms-rai-invoked'] = 'true'
  const header = request.headers['x-simulator-fault']
  const fault = service.faults.choose(typeof header === 'string' ? header : null, found.operation, line.deployment)
  line.fault = fault?.kind ?? null
  return { ...received, fault, input }
}

/** A text field of the body. */
function named(input: JsonRecord | FormData | null, field: string): string | null {
  const value = input instanceof FormData ? input.get(field) : input?.[field]
  return typeof value === 'string' ? value : null
}

async function serveCall(call: Call): Promise<void> {
  const called = call.service.deployments.get(call.line.deployment ?? '')
  try {
    await answer(call)
  } catch (cause) {
    if (called && !call.demand.counted) {
      called.limits.failed()
      // The service's front end counts before the model refuses.
      if (cause instanceof AzureError && cause.status < 500) called.limits.report(call.headers)
    }
    await spill(call, called, cause, again => answer(again))
  }
}

async function answer(call: Call): Promise<void> {
  const { fault, route: found } = call
  const refusal = fault ? refusalOf(fault, found, detailsOf(call)) : null
  if (refusal) throw refusal
  if (fault?.kind === 'unreachable-slow') return untilGone(call.gone)
  const handler = handlers[found.operation][found.method === 'HEAD' ? 'GET' : found.method]
  if (!handler) throw deploymentNotFound()
  await handler(call)
}

/**
 * The body as JSON or as a form; null when there is none. Throws 400 for anything else, 413 for one that is too large.
 */
async function readInput(request: IncomingMessage, bytes: Buffer<ArrayBuffer>): Promise<JsonRecord | FormData | null> {
  if (bytes.length === 0) return null
  const type = request.headers['content-type'] ?? ''
  if (/^multipart\/form-data/i.test(type)) return readForm(bytes, type)
  const value = readJson(bytes)
  if (isRecord(value)) return value
  throw invalidRequest('The body of this request must be a JSON object.', null, null)
}

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    const message =
      "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
    throw invalidRequest(message, null, null)
  }
}

async function readForm(bytes: Buffer<ArrayBuffer>, type: string): Promise<FormData> {
  try {
    return await new Response(bytes, { headers: { 'content-type': type } }).formData()
  } catch {
    throw invalidRequest('Could not parse multipart form: the boundary or a part of it is malformed.', null, null)
  }
}

/** Null when the client left before the end of the body. */
function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer> | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bodyBytesMax) chunks.push(chunk)
    })
    request.once('end', () => {
      if (bytes > bodyBytesMax) reject(tooLarge(bodyBytesMax, bytes))
      else resolve(Buffer.concat(chunks))
    })
    request.once('error', () => resolve(null))
    request.once('close', () => resolve(null))
  })
}

/**
 * The only place where a refusal becomes bytes. Any error but an AzureError is a fault of the simulator: 500, and a
 * warning of the process.
 */
function sendError(
  response: ServerResponse,
  headers: Record<string, string>,
  cause: unknown,
  line: OpenLine | null,
): void {
  if (!(cause instanceof AzureError)) process.emitWarning(cause instanceof Error ? cause : String(cause))
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (response.destroyed) return
  const error = cause instanceof AzureError ? cause : internalError()
  const bytes = Buffer.from(typeof error.body === 'string' ? error.body : JSON.stringify(error.body))
  if (line) {
    line.status = error.status
    line.ended = true
    // A failure of the service itself is not charged, however far the call had come. A prompt that the filter refused
    // is charged.
    if (error.status >= 500) line.promptTokens = 0
  }
  const { 'x-request-id': modelId, ...others } = headers
  response.writeHead(error.status, {
    ...others,
    // A prompt that the filter refused has not reached a model.
    ...(error.code === 'content_filter' || modelId === undefined ? {} : { 'x-request-id': modelId }),
    ...error.headers,
    'content-type': 'application/json',
    'content-length': bytes.length,
  })
  response.end(bytes)
}
