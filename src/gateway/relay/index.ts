/**
 * Relay: the backend's answer to the client, byte by byte as it comes, with back-pressure; observed on the side. Also the
 * place where an exchange ends in one of four ways: whole, broken by the backend, left by the client, given up by us.
 */
import type { Dispatcher } from 'undici'
import type { Instance } from '../../instances/index.ts'
import type { Journal } from '../../ledger/index.ts'
import type { Attempt } from '../../ledger/record.ts'
import { type Call, ClientLeft, type Timed } from '../call.ts'
import { type BackendFailure, classify, GivenUp } from '../dispatch/failures.ts'
import { responseHeaders } from '../dispatch/headers.ts'
import type { Asked } from '../receive/index.ts'
import { Births, type Creates } from './births.ts'
import { observeJson } from './observe-json.ts'
import { observeStream } from './observe-stream.ts'
import { blind, type Learned, type Observer } from './observer.ts'

/** How the answer went. */
export interface Relayed {
  readonly ending: 'whole' | 'left' | BackendFailure
  /** The error behind a failure, for the log. */
  readonly cause: Error | null
  /** Status that the backend gave, null when it gave none. */
  readonly status: number | null
  readonly sentAtMs: number | null
  readonly firstByteAtMs: number | null
  readonly learned: Learned
  readonly backendRequestId: string | null
  readonly contentType: string | null
  readonly responseBytes: number
  /** Every try at an instance, in order; the last one is that whose answer this is. */
  readonly attempts: readonly Attempt[]
  readonly servedDeployment: string | null
  readonly spilledFrom: string | null
  /** Bytes of the answer that `progress` has not written; where bodies are not captured, its beginning, for counting alone. */
  readonly unwritten: readonly Buffer[]
  /** True when earlier bytes were written with `progress`. */
  readonly progressed: boolean
}

export interface RelayParts {
  readonly call: Call
  readonly asked: Asked
  readonly instance: Instance
  /** Null for calls that create no objects. */
  readonly creates: Creates | null
  /** Null when bodies are not captured. */
  readonly journal: Journal | null
  readonly clock: () => number
  readonly totalMs: number
}

/** Of an answer that is not recorded so much is held for counting: a stream of some 25,000 tokens. Bytes. */
const uncapturedBytesMax = 8_388_608
/** An answer that goes on is written to the journal at this many bytes, or after this time: a crash loses no more. */
const progressBytes = 65_536
const progressEveryMs = 2_000

export class Relay implements Dispatcher.DispatchHandler, Timed {
  readonly done: Promise<Relayed>
  readonly #parts: RelayParts
  readonly #finish: (relayed: Relayed) => void
  #controller: Dispatcher.DispatchController | null = null
  #observer: Observer = blind
  #learned: Learned | null = null
  #status: number | null = null
  #sentAtMs: number | null = null
  #firstByteAtMs: number | null = null
  #backendRequestId: string | null = null
  #contentType: string | null = null
  #responseBytes = 0
  /** Content-Length of an answer that is no stream; NaN when it is unknown. */
  #announcedBytes = Number.NaN
  /** The piece that completes an announced answer. */
  #last: Buffer | null = null
  #unwritten: Buffer[] = []
  #unwrittenBytes = 0
  #progressedAt = 0
  #progressed = false
  #draining = false
  #givenUp: Error | null = null
  #ended = false
  #settled = false

  constructor(parts: RelayParts) {
    this.#parts = parts
    const { promise, resolve } = Promise.withResolvers<Relayed>()
    this.done = promise
    this.#finish = resolve
    const { res, watch } = parts.call
    // One listener for both ends: the answer is out, or the client is gone.
    res.on('close', () => this.#clientClosed())
    watch.deadlineAt = performance.now() + parts.totalMs
    watch.subject = this
    // It may have left while the record was opened: then there is no 'close' to come, and nothing is to be sent.
    if (res.destroyed) this.giveUp(new ClientLeft())
  }

  /** Ends the exchange from outside. */
  giveUp(reason: Error): void {
    if (this.#settled) return
    this.#givenUp ??= reason
    // Before the request is under way there is nothing to abort: onRequestStart does it.
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#givenUp !== null) {
      controller.abort(this.#givenUp)
      return
    }
    this.#sentAtMs = this.#parts.clock()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    if (status >= 300 && status < 400 && status !== 304) {
      // SDKs would follow it, past the gateway and with the caller's token.
      controller.abort(new GivenUp('backend_redirected'))
      return
    }
    const { call, asked, creates, instance } = this.#parts
    this.#status = status
    this.#firstByteAtMs = this.#parts.clock()
    this.#backendRequestId = first(headers['apim-request-id']) ?? first(headers['x-request-id'])
    this.#contentType = first(headers['content-type'])
    const isStream = this.#contentType?.startsWith('text/event-stream') === true
    // Of a stream some bytes may be held back; it ends as it comes.
    if (!isStream) this.#announcedBytes = Number(first(headers['content-length']) ?? Number.NaN)
    const births = creates === null || status >= 300 ? null : new Births(creates, instance.name)
    this.#observer = observerFor(this.#contentType, isStream, headers, asked, births)
    call.res.writeHead(status, responseHeaders(headers, call.id, isStream && asked.hideUsage))
    // The first event may be seconds away; the client's timers wait for the head.
    if (isStream) call.res.flushHeaders()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { res } = this.#parts.call
    this.#responseBytes += chunk.length
    const out = this.#observer.pass(chunk)
    // The end is called in the same turn: head, body and end go out in one piece.
    if (this.#responseBytes === this.#announcedBytes) this.#last = out
    else if (out.length > 0 && !res.write(out) && !this.#draining) {
      this.#draining = true
      controller.pause()
      res.once('drain', () => {
        this.#draining = false
        controller.resume()
      })
    }
    this.#unwrittenBytes += chunk.length
    // What is not to be recorded is still to be counted, where no usage is reported.
    if (this.#parts.journal === null && this.#unwrittenBytes > uncapturedBytesMax) return
    this.#unwritten.push(chunk)
    if (this.#unwrittenBytes >= progressBytes) this.#progress()
  }

  onResponseEnd(): void {
    this.#ended = true
    // Before the client has the last byte: it may use at once what was created.
    if (this.#parts.creates !== null) this.#learned = this.#observer.learned()
    const rest = this.#last ?? this.#observer.rest()
    // 'close' of the response follows once the last byte is with the kernel.
    if (rest.length > 0) this.#parts.call.res.end(rest)
    else this.#parts.call.res.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (error instanceof ClientLeft) {
      this.#settle('left', null)
      return
    }
    const failure = classify(error, this.#status !== null)
    if (this.#status !== null) this.#breakOff(failure)
    this.#settle(failure, error)
  }

  #clientClosed(): void {
    if (this.#settled) return
    const { res } = this.#parts.call
    if (this.#ended && res.writableFinished) this.#settle('whole', null)
    else if (this.#ended) this.#settle('left', null)
    else this.giveUp(new ClientLeft())
  }

  /**
   * The answer cannot be finished. A stream gets an error event, as SDKs expect one; then the connection is cut, because a
   * proper end would say that the answer is whole.
   */
  #breakOff(failure: BackendFailure): void {
    const { res, id } = this.#parts.call
    const isStream = this.#contentType?.startsWith('text/event-stream') === true
    const held = this.#observer.rest()
    if (!isStream || res.destroyed) {
      res.destroy()
      return
    }
    const error = {
      message: `The answer broke off (${failure}). Request id: ${id}`,
      type: 'server_error',
      param: null,
      code: failure,
    }
    const event = Buffer.from(`\n\ndata: ${JSON.stringify({ error })}\n\n`)
    res.write(Buffer.concat([held, event]), () => res.destroy())
  }

  /** The whole exchange took too long, or the gateway stops and its grace is over. */
  expire(why: 'deadline' | 'shutdown'): void {
    this.giveUp(new GivenUp(why === 'shutdown' ? 'shutdown' : 'total_timeout'))
  }

  tick(now: number): void {
    if (this.#unwrittenBytes === 0) {
      this.#progressedAt = now
      return
    }
    if (this.#progressedAt === 0) this.#progressedAt = now
    if (now - this.#progressedAt >= progressEveryMs) this.#progress()
  }

  #progress(): void {
    const { journal, call } = this.#parts
    if (journal === null) return
    const bytes = this.#unwritten
    this.#unwritten = []
    this.#unwrittenBytes = 0
    this.#progressed = true
    this.#progressedAt = performance.now()
    // What the disk refuses now the journal keeps and tries again; the record's end reports a loss.
    journal.progress(call.id, 'response', bytes).catch(() => {})
  }

  #attempt(ending: Relayed['ending']): Attempt {
    const failed = ending !== 'whole' && ending !== 'left'
    return {
      instance: this.#parts.instance.name,
      status: this.#status,
      durationMs: this.#sentAtMs === null ? 0 : this.#parts.clock() - this.#sentAtMs,
      error: failed ? ending : null,
    }
  }

  #settle(ending: Relayed['ending'], cause: Error | null): void {
    if (this.#settled) return
    this.#settled = true
    this.#parts.call.watch.subject = null
    this.#finish({
      ending,
      cause,
      status: this.#status,
      sentAtMs: this.#sentAtMs,
      firstByteAtMs: this.#firstByteAtMs,
      learned: this.#learned ?? this.#observer.learned(),
      backendRequestId: this.#backendRequestId,
      contentType: this.#contentType,
      responseBytes: this.#responseBytes,
      attempts: [this.#attempt(ending)],
      servedDeployment: null,
      spilledFrom: null,
      unwritten: this.#unwritten,
      progressed: this.#progressed,
    })
  }
}

function observerFor(
  contentType: string | null,
  isStream: boolean,
  headers: Readonly<Record<string, unknown>>,
  asked: Asked,
  births: Births | null,
): Observer {
  // The plain answer was asked for; a backend that compresses all the same is relayed as it is.
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return blind
  if (isStream) return observeStream(asked.hideUsage, births)
  return contentType !== null && /^application\/(json|[\w.+-]+\+json)\b/.test(contentType) ? observeJson(births) : blind
}

function first(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null
}
