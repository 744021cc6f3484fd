/**
 * Dispatch: sends the call to the chosen instance. The host comes from the instance's configuration; method, checked path,
 * filtered header fields and the body come from the call.
 */
import { Readable } from 'node:stream'
import type { Instance } from '../../instances/index.ts'
import type { Call } from '../call.ts'
import type { Asked } from '../receive/index.ts'
import { Relay, type Relayed } from '../relay/index.ts'
import type { Route } from '../resolve/index.ts'
import type { GatewayParts } from '../serve.ts'
import { requestHeaders } from './headers.ts'
import { uploadBody } from './upload.ts'

export interface Dispatched {
  readonly call: Call
  readonly route: Route
  readonly asked: Asked
  readonly instance: Instance
  readonly credential: { readonly name: string; readonly value: string }
  readonly capture: 'full' | 'metadata'
  readonly parts: GatewayParts
}

export async function dispatch(what: Dispatched): Promise<Relayed> {
  const { call, route, asked, instance, credential, parts } = what
  const journal = what.capture === 'full' ? parts.journal : null
  const relay = new Relay({ call, asked, instance, journal, clock: parts.clock, totalMs: parts.totalMs })
  const headers = requestHeaders(call.req.rawHeaders, credential, call.id, asked.decoded)
  const body = asked.send === 'upload' ? Readable.from(uploadBody(call, journal, parts.limits, relay)) : asked.send
  const length = asked.send === 'upload' ? call.req.headers['content-length'] : undefined
  if (length !== undefined) headers.push('content-length', length)
  instance.inFlight += 1
  try {
    instance.connections.dispatch({ method: call.method, path: route.backendPath, headers, body }, relay)
    return await relay.done
  } finally {
    instance.inFlight -= 1
  }
}
