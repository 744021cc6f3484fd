/**
 * The simulator's own routes, for this machine only:
 * - `GET /_simulator/bill`: a list; with `?format=lines` one JSON document per line. `DELETE /_simulator/bill` clears
 *   it.
 * - `GET|POST|DELETE /_simulator/faults`: see ../faults.ts.
 * - `GET /_simulator/pictures/...`: the target of image URLs.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pngBytes } from '../answers/index.ts'
import { AzureError, badRequest, resourceNotFound } from '../errors.ts'
import { pictureOf } from '../media/images.ts'
import type { Service } from '../service.ts'

const bodyBytesMax = 1024 * 1024

interface AdminAnswer {
  readonly status: number
  readonly type: string
  readonly bytes: string | Buffer
  /** Run after the answer was sent: it may end this connection too. */
  readonly afterwards?: () => void
}

export async function adminRoute(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, bytes, afterwards } = await adminAnswer(service, request).catch((cause: unknown) => {
    if (cause instanceof AzureError) return json(cause.body, cause.status)
    throw cause
  })
  if (afterwards) response.once('close', afterwards).setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(bytes) })
  response.end(bytes)
}

async function adminAnswer(service: Service, request: IncomingMessage): Promise<AdminAnswer> {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const picture = request.method === 'GET' ? pictureOf(path) : null
  if (picture) return { status: 200, type: 'image/png', bytes: pngBytes(picture) }
  if (!isLoopback(request.socket.remoteAddress))
    throw new AzureError(403, '403', 'loopback only', {
      error: { code: '403', message: 'The routes below /_simulator answer calls from this machine only.' },
    })
  switch (`${request.method} ${path}`) {
    case 'GET /_simulator/bill':
      return bill(service, new URLSearchParams(query))
    case 'DELETE /_simulator/bill':
      service.bill.clear()
      return json({ cleared: true })
    case 'GET /_simulator/faults':
      return json({ faults: service.faults.standing() })
    case 'POST /_simulator/faults':
      return setFaults(service, await readJson(request))
    case 'DELETE /_simulator/faults':
      return setFaults(service, null)
    default:
      throw resourceNotFound()
  }
}

function setFaults(service: Service, faults: unknown): AdminAnswer {
  service.faults.set(faults)
  if (service.faults.outage !== null && service.faults.outage.ms === null) {
    service.faults.liftOutage()
    throw badRequest(
      'Simulator: over HTTP "refuse-connections" needs "ms": without it, the fault could not be lifted over HTTP.',
    )
  }
  return { ...json({ faults: service.faults.standing() }), afterwards: service.applyOutage }
}

function bill(service: Service, query: URLSearchParams): AdminAnswer {
  const lines = service.bill.lines()
  if (query.get('format') !== 'lines') return json(lines)
  return { status: 200, type: 'application/x-ndjson', bytes: lines.map(line => `${JSON.stringify(line)}\n`).join('') }
}

function json(value: unknown, status = 200): AdminAnswer {
  return { status, type: 'application/json', bytes: JSON.stringify(value) }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > bodyBytesMax) throw badRequest('Simulator: the body is too large.')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest('Simulator: the body must be JSON, as {"kind":"503","probability":0.1}.')
  }
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address ?? '')
}
