/**
 * Relays calls of the playground to the gateway's own listener, as any client would send them: with the caller's own
 * token, through every stage, with a record. The relay chooses address and header fields itself; of the request it
 * passes on the body alone.
 */
import type { Readable } from 'node:stream'
import { Agent, request } from 'undici'
import { type Caller, callerKey } from '../../identity/caller.ts'
import { version } from '../../version.ts'
import { AdminError } from '../errors.ts'
import { Seats } from '../seats.ts'

/** Operations that can be relayed, by the names of wire/operations.ts. */
export const relayedOperations = ['chat/completions', 'responses'] as const
export type RelayedOperation = (typeof relayedOperations)[number]

/** Calls of all callers at once, and of one: two pages side by side have four. */
export const relayedMax = 64
export const callersRelayedMax = 8

export interface RelayedCall {
  readonly operation: RelayedOperation
  readonly target: string
  readonly workload: string
  readonly caller: Caller
  /** Access token of the caller. */
  readonly token: string
  readonly body: string
  /** Aborted when the client leaves: the gateway then sees its client leave. */
  readonly left: AbortSignal
}

export interface RelayedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The bytes as they come. Not read, they wait at the gateway. */
  readonly body: Readable
}

/** Field with the id of the call and its record; the answer's own request id is that of the management API. */
const callIdField = 'x-gatehouse-call-id'

/** What the page may read of the gateway's answer, besides its type. */
const passed = /^(?:retry-after|retry-after-ms|x-should-retry|x-gatehouse-(?:refusal|limits)|x-ratelimit-[a-z-]{1,64})$/
/** Bytes of other types are never of a kind that a browser runs. */
const passedType = /^(?:application\/json|text\/event-stream) *(?:;|$)/i

export class Relay {
  readonly #ownUrl: () => string | null
  // The gateway has its own timeouts; a model may think for minutes.
  readonly #agent = new Agent({ connect: { timeout: 5_000 }, headersTimeout: 0, bodyTimeout: 0 })
  readonly #seats = new Seats({ most: relayedMax, callersMost: callersRelayedMax, refused: exhausted })

  /** @param closing aborted when the management API ends. */
  constructor(ownUrl: () => string | null, closing: AbortSignal) {
    this.#ownUrl = ownUrl
    closing.addEventListener('abort', () => void this.#agent.close().catch(() => {}), { once: true })
  }

  /**
   * @returns the gateway's answer, whatever its status; null when the client left before it came.
   * @throws AdminError calls_not_served, calls_exhausted, gateway_unreachable
   */
  async send(call: RelayedCall): Promise<RelayedAnswer | null> {
    const ownUrl = this.#ownUrl()
    if (ownUrl === null) {
      throw new AdminError('calls_not_served', 'This process serves no calls: open the playground of a gateway.')
    }
    const release = this.#seats.take(callerKey(call.caller))
    try {
      const { statusCode, headers, body } = await this.#sent(ownUrl, call)
      body.once('close', release)
      return { status: statusCode, headers: passedHeaders(headers), body }
    } catch (error) {
      release()
      if (call.left.aborted) return null
      const message = 'The gateway does not take the call at the moment; it may be stopping. Try again shortly.'
      throw new AdminError('gateway_unreachable', message, { cause: error })
    }
  }

  #sent(ownUrl: string, { operation, target, workload, token, body, left }: RelayedCall) {
    const path = [target, workload].map(encodeURIComponent).join('/')
    return request(`${ownUrl}/${path}/openai/v1/${operation}`, {
      dispatcher: this.#agent,
      method: 'POST',
      signal: left,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'user-agent': `gatehouse-console/${version}`,
      },
      body,
    })
  }
}

function passedHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && passed.test(entry[0]),
  )
  const { 'content-type': type, 'x-gatehouse-request-id': id } = headers
  return {
    ...Object.fromEntries(kept),
    'content-type': typeof type === 'string' && passedType.test(type) ? type : 'application/octet-stream',
    ...(typeof id === 'string' ? { [callIdField]: id } : {}),
    // Proxies between the console and its reader would otherwise collect the stream.
    'x-accel-buffering': 'no',
  }
}

function exhausted(whose: 'all' | 'own'): AdminError {
  const message =
    whose === 'all'
      ? `${relayedMax} calls of the playground are already running. Try again in a few seconds.`
      : `${callersRelayedMax} of your calls are already running. Stop one of them, for example in another tab.`
  return new AdminError('calls_exhausted', message)
}
