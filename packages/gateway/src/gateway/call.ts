import { IncomingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/** One request on its way through the stages. */
export interface Call {
  /** The exchange's id, a UUID of version 7. */
  readonly id: string
  /** By the gateway's clock, in ms since the epoch. The record has it. */
  readonly startedAtMs: number
  readonly method: string
  readonly url: string
  readonly req: IncomingMessage
  /** Null for a call that no client has sent: nothing can be answered. */
  readonly res: ServerResponse | null
  /** True when the client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean
  /** The fault in its framing, in words for the client; null for nearly every call. */
  readonly fault: string | null
  readonly watch: Watched
}

/** A call that a client has sent. */
export interface ClientCall extends Call {
  readonly res: ServerResponse
}

/** A call that no client has sent: the gateway asks something by itself, or explains what would happen. */
export function ownCall(
  call: Pick<Call, 'id' | 'startedAtMs' | 'method' | 'url'> & {
    readonly headers?: IncomingMessage['headers']
    readonly body?: Uint8Array | null
  },
): Call {
  const { id, startedAtMs, method, url, headers = {}, body = null } = call
  const req = new IncomingMessage(new Socket())
  req.headers = headers
  if (body !== null) {
    req.push(body)
    req.push(null)
  }
  return {
    id,
    startedAtMs,
    method,
    url,
    req,
    res: null,
    expectsContinue: false,
    fault: null,
    watch: { deadlineAt: Number.POSITIVE_INFINITY, subject: null },
  }
}

/** Called by the gateway's single timer. */
export interface Timed {
  /** The deadline has passed (called again at each look until the deadline moves), or the gateway stops. */
  expire(why: 'deadline' | 'shutdown'): void
  /** Called each time the timer looks. */
  tick?(now: number): void
}

/**
 * The part of a call that the gateway's single timer checks (`Watch`). Stages move the deadline forward; a timer per
 * call and phase would cost more than the phases themselves. The subject is an object and not a function: V8 keeps a
 * function literal that is assigned to a property in old space, and the whole call with it, until the next full
 * collection (measured: scavenges of 20 ms that promoted 6 MB each, against 1.5 ms and nothing).
 */
export interface Watched {
  /** By `performance.now()`, in ms. */
  deadlineAt: number
  subject: Timed | null
}

/** Time between two looks, in ms: the resolution of every timeout here. */
export const watchEveryMs = 250

/** The calls in flight, checked a few times a second. */
export class Watch {
  readonly #watched = new Set<Watched>()
  readonly #timer: NodeJS.Timeout
  #onEmpty: (() => void) | null = null

  constructor() {
    this.#timer = setInterval(() => this.#look(), watchEveryMs).unref()
  }

  get size(): number {
    return this.#watched.size
  }

  add(one: Watched): void {
    this.#watched.add(one)
  }

  delete(one: Watched): void {
    this.#watched.delete(one)
    if (this.#watched.size === 0) this.#onEmpty?.()
  }

  /** Resolves when no call is in flight any more. */
  emptied(): Promise<void> {
    if (this.#watched.size === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#onEmpty = resolve
    })
  }

  expireAll(): void {
    for (const { subject } of this.#watched) subject?.expire('shutdown')
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    for (const one of this.#watched) {
      if (now >= one.deadlineAt) one.subject?.expire('deadline')
      one.subject?.tick?.(now)
    }
  }
}

/** The client left before its request was answered. There is nothing to answer, but a record to write. */
export class ClientLeft extends Error {
  constructor() {
    super('the client left')
    this.name = 'ClientLeft'
  }
}
