/**
 * Relay: the backend's answer to the client, byte by byte as it comes, with back-pressure; observed on the side. Also the
 * place where an exchange ends in one of four ways: whole, broken by the backend, left by the client, given up by us.
 *
 * One relay serves a call through all of its tries, one after the other: an answer that may be a refusal is held while another
 * member is left, and what fails safely leaves the relay ready for the next try.
 */
import type { Dispatcher } from 'undici'
import type { Instance } from '../../instances/index.ts'
import type { Attempt } from '../../instances/lane.ts'
import type { Candidate } from '../../instances/pool.ts'
import type { Journal } from '../../ledger/index.ts'
import type { AttemptRecord } from '../../ledger/record.ts'
import type { AnswerError } from '../../wire/answer-error.ts'
import { firstValue, requestIdIn, spilledFrom } from '../../wire/backends.ts'
import { isEventStream } from '../../wire/media-types.ts'
import { type BackendFailure, classify, GivenUp, isOfBackend } from '../backend/failures.ts'
import { responseHeaders } from '../backend/headers.ts'
import type { Additions, RefusedAddition } from '../backend/replay.ts'
import {
  lacksState,
  mayBeRefusal,
  nothingAdded,
  refusedAddition,
  refusesGateway,
  safeToReplay,
} from '../backend/replay.ts'
import { type Call, ClientLeft, type Timed } from '../call.ts'
import { CreatedObjects, type Creates } from '../observe/created-objects.ts'
import { type AnswerHeaders, formOf, observerFor } from '../observe/facts.ts'
import { blind, type Observer } from '../observe/observer.ts'
import type { Asked } from '../receive/request.ts'
import type { Relayed } from '../relayed.ts'
import { Capture } from './capture.ts'
import { endWith } from './end.ts'
import { HeldRefusal, HeldTooLong, NotLetIn } from './held-refusal.ts'
import { type ReadingOn, readOnBytesMax } from './read-on.ts'

export interface RelayParts {
  readonly call: Call
  readonly asked: Asked
  /** Null when bodies are not captured. */
  readonly journal: Journal | null
  readonly clock: () => number
  readonly totalMs: number
  /** Header fields about limits; the answer's head takes the array over. */
  readonly limitHeaders: string[] | null
  /** Null for nearly every call. */
  readonly creates: Creates | null
  /** Where the answer is to be read on after the client has left, and for how long at most; null where it is not. */
  readonly readOn: { readonly reading: ReadingOn; readonly forMs: number } | null
}

/** A refusal whose body does not come within this time is judged by its head. */
const heldMs = 2_000

export class Relay implements Dispatcher.DispatchHandler, Timed {
  readonly #parts: RelayParts
  #finish: (relayed: Relayed | null) => void = unset
  #candidate: Candidate | null = null
  #try: Attempt | null = null
  #mayReplay = false
  /** What the gateway has put into what is sent now. */
  #added: Additions = nothingAdded
  #held: HeldRefusal | null = null
  #heldSince = 0
  /** The most useful refusal so far. */
  #best: HeldRefusal | null = null
  /** True once an instance has said that it did not make what the call brings: another one did. */
  lacksState = false
  /** How the last try failed that brought no answer. */
  #failure: BackendFailure | null = null
  #cause: Error | null = null
  #attempts: AttemptRecord[] = []
  #controller: Dispatcher.DispatchController | null = null
  #observer: Observer = blind
  /** Null for nearly every call. */
  #created: CreatedObjects | null = null
  #status: number | null = null
  #sentAtMs: number | null = null
  #firstByteAtMs: number | null = null
  #backendRequestId: string | null = null
  #contentType: string | null = null
  #spilledFrom: string | null = null
  #responseBytes = 0
  /** Content-Length of an answer that is no stream; NaN when it is unknown. */
  #announcedBytes = Number.NaN
  /** The piece that completes an announced answer. */
  #last: Buffer | null = null
  readonly #capture: Capture
  #draining = false
  #givenUp: Error | null = null
  /** Status of an answer that the client got from elsewhere, while this one is still read to its end; null for all but hedged calls. */
  #standInStatus: number | null = null
  #ended = false
  /** True once the client has left and the answer is read on without it. */
  #isReadOn = false
  /** Bytes of the answer when the client left. */
  #bytesHeard = 0
  #settled = false
  /** The instance whose answer this is, or that was tried last. */
  instance: Instance | null = null
  /** What the last try was refused for that the gateway had added: the same member is to be asked without it. */
  refused: RefusedAddition | null = null
  /** Called when a try that follows such a refusal is answered with a success. */
  whenAnswered: (() => void) | null = null

  constructor(parts: RelayParts) {
    this.#parts = parts
    this.#capture = new Capture(parts.journal, parts.call.id)
    const { res, watch } = parts.call
    // One listener for both ends: the answer is out, or the client is gone.
    res.on('close', () => this.#clientClosed())
    watch.deadlineAt = performance.now() + parts.totalMs
    watch.subject = this
    // It may have left while the record was opened: then there is no 'close' to come, and nothing is to be sent.
    if (res.destroyed) this.giveUp(new ClientLeft())
  }

  /** True while a head has neither come nor been given from elsewhere. */
  get isWaiting(): boolean {
    return this.#try !== null && this.#status === null && this.#held === null && this.#standInStatus === null
  }

  /** True when the call is over without an answer of a backend: the client left, its time is up, or the gateway stops. */
  get isGivenUp(): boolean {
    return this.#givenUp !== null
  }

  /**
   * Sends the call to a member.
   * @param mayReplay another member could be tried after this one.
   * @param added what the gateway has put into the request; usage that it asked for is taken out of the stream again.
   * @returns how it ended; null when it failed safely and another member may be tried: then `send` or `conclude` must follow.
   */
  send(
    request: Dispatcher.DispatchOptions,
    candidate: Candidate,
    attempt: Attempt,
    mayReplay: boolean,
    added: Additions,
  ): Promise<Relayed | null> {
    this.#added = added
    this.refused = null
    this.#candidate = candidate
    this.instance = candidate.instance
    this.#try = attempt
    this.#mayReplay = mayReplay
    this.#controller = null
    this.#sentAtMs = null
    const { promise, resolve } = Promise.withResolvers<Relayed | null>()
    this.#finish = resolve
    if (this.#givenUp === null) candidate.instance.connections.dispatch(request, this)
    else this.onResponseError(null, this.#givenUp)
    return promise
  }

  /** No member is left: the client gets the most useful of the refusals, or learns how the last try failed. */
  conclude(): Promise<Relayed | null> {
    const { promise, resolve } = Promise.withResolvers<Relayed | null>()
    this.#finish = resolve
    if (this.#givenUp !== null) this.#settle(endingOf(this.#givenUp), this.#givenUp)
    else if (this.#best !== null) this.#answerWithHeld(this.#best)
    else this.#settle(this.#failure ?? 'backend_broke', this.#cause)
    return promise
  }

  /** Ends the exchange from outside. */
  giveUp(reason: Error): void {
    if (this.#settled) return
    this.#givenUp ??= reason
    // Before the request is under way there is nothing to abort: onRequestStart does it.
    this.#controller?.abort(reason)
  }

  /** The client's upload is being read, and cannot be read again: there is no other member to try. */
  bodyIsRead(): void {
    this.#mayReplay = false
  }

  /**
   * The client gets this whole answer instead; the one under way is read to its end, since it is billed.
   * @returns false when it is too late.
   */
  answerWith(status: number, headers: AnswerHeaders, body: readonly Buffer[]): boolean {
    const { call, limitHeaders } = this.#parts
    if (!this.isWaiting || call.res.destroyed) return false
    this.#standInStatus = status
    call.res.writeHead(status, responseHeaders(headers, call.id, false, limitHeaders))
    for (const chunk of body) this.#responseBytes += chunk.length
    call.res.end(Buffer.concat(body))
    return true
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#givenUp !== null) {
      controller.abort(this.#givenUp)
      return
    }
    this.#sentAtMs = this.#parts.clock()
    this.#try?.connected(this.#sentAtMs)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200) return
    if (status >= 300 && status < 400 && status !== 304) {
      // Whoever points elsewhere has not called the model.
      this.#sentAtMs = null
      // SDKs would follow it, past the gateway and with the caller's token.
      controller.abort(new GivenUp('backend_redirected'))
      return
    }
    const nowMs = this.#parts.clock()
    this.#try?.answered(status, headers, nowMs)
    if (status >= 400 && this.#candidate !== null && this.#mayHold(status, this.#candidate)) {
      const { instance, alias } = this.#candidate
      this.#held = new HeldRefusal({ instance, alias, sentAtMs: this.#sentAtMs }, status, headers, nowMs)
      this.#heldSince = 0
      return
    }
    this.#firstByteAtMs = nowMs
    this.#answer(status, headers)
  }

  #mayHold(status: number, { lane }: Candidate): boolean {
    if (this.#standInStatus !== null || this.#isReadOn) return false
    // The gateway's own trouble, or made by what it asked for itself: never the client's, whether or not another member is left.
    if (isOfCredential(status)) return lane.credential !== null
    if (this.#added !== nothingAdded && (status === 400 || status === 422)) return true
    // The last member's refusal is held as well: an earlier one may help the client more.
    return (this.#mayReplay || this.#best !== null) && mayBeRefusal(status)
  }

  /** The head of the client's answer. */
  #answer(status: number, headers: AnswerHeaders): void {
    const { call, asked, limitHeaders, creates } = this.#parts
    this.#status = status
    if (this.whenAnswered !== null && status < 400) this.whenAnswered()
    if (this.instance !== null) this.#backendRequestId = requestIdIn(headers, this.instance.backend)
    this.#contentType = firstValue(headers['content-type'])
    if (this.#candidate?.lane.kind === 'provisioned')
      this.#spilledFrom = spilledFrom(headers, this.#candidate.instance.backend)
    const isStream = isEventStream(this.#contentType)
    const form = formOf(headers, this.#added.usage)
    // Of a stream some bytes may be held back; it ends as it comes.
    if (!isStream) this.#announcedBytes = Number(firstValue(headers['content-length']) ?? Number.NaN)
    this.#created = creates === null || status >= 400 ? null : new CreatedObjects(creates, this.instance?.name ?? '')
    this.#observer = observerFor(form, asked, this.#created)
    if (this.#standInStatus !== null) return
    if (this.#isReadOn) {
      // A refusal is billed nowhere: there is nothing to read it for. But a prompt that was read to be refused is, and its body says so.
      if (status > 400) this.giveUp(new ClientLeft())
      return
    }
    const limits = status >= 400 ? null : limitHeaders
    call.res.writeHead(status, responseHeaders(headers, call.id, isStream && form.hideUsage, limits))
    // The first event may be seconds away; the client's timers wait for the head.
    if (isStream) call.res.flushHeaders()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#held !== null) {
      if (this.#held.add(chunk)) return
      if (isOfCredential(this.#held.status)) controller.abort(new HeldTooLong())
      else this.#passOn(this.#held, controller)
      return
    }
    this.#pass(chunk, controller)
  }

  #pass(chunk: Buffer, controller: Dispatcher.DispatchController | null): void {
    const { res } = this.#parts.call
    // Of what the client got: behind an answer from elsewhere, that one has been counted.
    if (this.#standInStatus === null) this.#responseBytes += chunk.length
    const out = this.#observer.pass(chunk)
    if (this.#standInStatus !== null) {
      // The client has its answer from elsewhere.
    } else if (this.#isReadOn) {
      const isEnough = this.#responseBytes - this.#bytesHeard > readOnBytesMax || this.#created?.isBackground === true
      if (isEnough) this.giveUp(new ClientLeft())
    }
    // The end is called in the same turn: head, body and end go out in one piece.
    else if (this.#responseBytes === this.#announcedBytes) this.#last = out
    else if (out.length > 0 && !res.write(out) && !this.#draining) {
      this.#draining = true
      controller?.pause()
      res.once('drain', () => {
        this.#draining = false
        controller?.resume()
      })
    }
    this.#capture.add(chunk)
    if (this.#created?.isBackground === true && !this.#capture.progressed) this.#capture.progress()
  }

  onResponseEnd(): void {
    if (this.#held !== null) {
      this.#judge(this.#held)
      return
    }
    this.#end()
  }

  #end(): void {
    this.#ended = true
    if (this.#standInStatus !== null) {
      this.#settleStoodIn()
      return
    }
    if (this.#isReadOn) {
      this.#settle('left', null)
      return
    }
    const rest = this.#last ?? this.#observer.rest()
    // 'close' of the response follows once the last byte is with the kernel.
    endWith(this.#parts.call.res, rest)
  }

  /** A held answer has come whole: replay, or give it to the client. */
  #judge(held: HeldRefusal): void {
    this.#held = null
    const nowMs = this.#parts.clock()
    const error = held.error()
    this.refused = this.#added === nothingAdded ? null : refusedAddition(held.status, held.body(), this.#added)
    if (this.refused !== null) {
      this.#note(this.refused === 'usage' ? 'usage_refused' : 'maximum_refused', held.status)
      this.#finish(null)
      return
    }
    const { backend } = held.instance
    if (backend.lacksDeployment(held.status, error)) this.#try?.absent(nowMs)
    if (lacksState(held.status, error)) this.lacksState = true
    if (isOfCredential(held.status)) this.#judgeCredential(held, error, nowMs)
    if (!held.isOwnTrouble && !safeToReplay({ kind: 'answered', status: held.status, error, backend })) {
      this.#release(held)
      return
    }
    this.#refuse(held)
  }

  #judgeCredential(held: HeldRefusal, error: AnswerError, nowMs: number): void {
    if (this.#candidate === null || this.#candidate.lane.credential === null) return
    const { json } = this.#parts.asked
    const found = refusesGateway(
      held.status,
      error,
      held.instance.backend,
      json?.scan.members.has('data_sources') === true,
    )
    held.isOwnTrouble = found !== 'no'
    if (held.isOwnTrouble) this.#try?.refused(found === 'certain', error.code, nowMs)
    else this.#try?.letIn(nowMs)
  }

  /** A held answer is a refusal that was not billed. */
  #refuse(held: HeldRefusal): void {
    this.#note(held.isOwnTrouble ? 'credential_refused' : null, held.status)
    if (held.isMoreUsefulThan(this.#best)) this.#best = held
    if (this.#mayReplay) this.#finish(null)
    else this.#answerWithHeld(this.#best ?? held)
  }

  /** No other member is left. */
  #answerWithHeld(held: HeldRefusal): void {
    if (!held.isOwnTrouble) {
      this.#release(held)
      return
    }
    this.instance = held.instance
    // What is not let in is not run, and not billed.
    this.#sentAtMs = null
    this.#settle('credential_refused', new NotLetIn(held.error().code))
  }

  /** A held answer is the client's, whole as it came. */
  #release(held: HeldRefusal): void {
    const { watch } = this.#parts.call
    this.instance = held.instance
    this.#sentAtMs = held.sentAtMs
    this.#firstByteAtMs = held.firstByteAtMs
    watch.subject = this
    this.#answer(held.status, held.headers)
    for (const chunk of held.chunks) this.#pass(chunk, null)
    this.#end()
    // It left meanwhile, and 'close' came before.
    if (this.#givenUp !== null) this.#settle('left', null)
  }

  /** A held answer is too long to be a refusal, or its end does not come: from here on it is relayed as it comes. */
  #passOn(held: HeldRefusal, controller: Dispatcher.DispatchController | null): void {
    this.#held = null
    this.#firstByteAtMs = held.firstByteAtMs
    this.#answer(held.status, held.headers)
    for (const chunk of held.chunks) this.#pass(chunk, controller)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#settled) return
    const held = this.#held
    this.#held = null
    if (error instanceof ClientLeft) {
      // What was refused is billed nowhere, even if the refusal was still held.
      if (held !== null) this.#status = held.status
      this.#settle('left', null)
      return
    }
    const failure = classify(error, this.#status !== null || held !== null)
    if (isOfBackend(failure)) this.#try?.broke(this.#sentAtMs !== null, this.#parts.clock())
    if (this.#standInStatus !== null) {
      this.#settleStoodIn()
      return
    }
    if (this.#isReadOn) {
      this.#settle('left', null)
      return
    }
    const mayRetry = failure === 'backend_redirected' || !(error instanceof GivenUp)
    if (mayRetry && this.#retries(held, failure, error)) return
    if (held !== null && !isOfCredential(held.status)) this.#passOn(held, null)
    if (this.#status !== null) this.#breakOff(failure)
    this.#settle(failure, error)
  }

  /** @returns true when the failure is not the end: another member may be tried, or an earlier refusal is the answer. */
  #retries(held: HeldRefusal | null, failure: BackendFailure, error: Error): boolean {
    if (this.#status !== null) return false
    const refused = held !== null && isJudgedByHead(held.status)
    if (refused && isOfCredential(held.status)) {
      held.isOwnTrouble = true
      this.#try?.refused(held.status === 401, null, this.#parts.clock())
    }
    if (!refused && (held !== null || !safeToReplay({ kind: 'unanswered', sent: this.#sentAtMs !== null })))
      return false
    if (held?.isOwnTrouble === true) {
      this.#refuse(held)
      return true
    }
    if (!this.#mayReplay && this.#best === null) return false
    this.#note(refused ? null : failure, held?.status ?? null)
    this.#failure = failure
    this.#cause = error
    if (this.#mayReplay) this.#finish(null)
    else if (this.#best !== null) this.#answerWithHeld(this.#best)
    return true
  }

  #clientClosed(): void {
    if (this.#settled) return
    const { res } = this.#parts.call
    // The answer from elsewhere is out; the one under way is still to be read.
    if (this.#standInStatus !== null) return
    if (this.#ended && res.writableFinished) this.#settle('whole', null)
    else if (this.#ended) this.#settle('left', null)
    else if (!this.#readsOn()) this.giveUp(new ClientLeft())
  }

  /** The client has left. @returns true when the answer under way is read on. */
  #readsOn(): boolean {
    const { readOn, call } = this.#parts
    if (readOn === null || this.#givenUp !== null || this.#try === null || this.#held !== null) return false
    // Half a request goes nowhere, and of a refusal there is nothing to read.
    if (this.#sentAtMs === null || !call.req.complete || (this.#status ?? 0) >= 400) return false
    // What goes on in the background is asked about later.
    if (this.#created?.isBackground === true) return false
    if (!readOn.reading.begin()) return false
    this.#isReadOn = true
    this.#bytesHeard = this.#responseBytes
    this.#mayReplay = false
    call.watch.deadlineAt = Math.min(call.watch.deadlineAt, performance.now() + readOn.forMs)
    if (this.#draining) this.#controller?.resume()
    return true
  }

  /**
   * The answer cannot be finished. A stream gets an error event, as SDKs expect one; then the connection is cut, because a
   * proper end would say that the answer is whole.
   */
  #breakOff(failure: BackendFailure): void {
    const { res, id } = this.#parts.call
    const isStream = isEventStream(this.#contentType)
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
    if (this.#isReadOn) this.giveUp(new ClientLeft())
    else this.giveUp(new GivenUp(why === 'shutdown' ? 'shutdown' : 'total_timeout'))
  }

  tick(now: number): void {
    if (this.#held !== null) this.#holdOn(now)
    this.#capture.tick(now)
  }

  #holdOn(now: number): void {
    if (this.#heldSince === 0) this.#heldSince = now
    if (now - this.#heldSince < heldMs) return
    const held = this.#held
    if (held === null) return
    if (isJudgedByHead(held.status)) this.#controller?.abort(new HeldTooLong())
    else this.#passOn(held, this.#controller)
  }

  /** The try under way is over. */
  #note(error: string | null, status: number | null): void {
    const { clock } = this.#parts
    const attempt = this.#try
    if (attempt === null || this.#candidate === null) return
    const nowMs = clock()
    this.#attempts.push({
      instance: this.#candidate.instance.name,
      status,
      durationMs: this.#sentAtMs === null ? nowMs - attempt.beganAtMs : nowMs - this.#sentAtMs,
      error,
    })
    this.#try = null
    this.#controller = null
    attempt.end(nowMs)
  }

  #settleStoodIn(): void {
    const isBilled = this.#status === null || this.#status < 400
    // A refused call is billed nowhere; the client's status is that of the answer from elsewhere.
    if (!isBilled) this.#sentAtMs = null
    this.#note(null, this.#status)
    this.#status = this.#standInStatus
    this.#settle(this.#parts.call.res.writableFinished ? 'whole' : 'left', null)
  }

  #settle(ending: Relayed['ending'], cause: Error | null): void {
    if (this.#settled) return
    this.#settled = true
    if (this.#isReadOn) this.#parts.readOn?.reading.end()
    const failed = ending !== 'whole' && ending !== 'left'
    this.#note(failed ? ending : null, this.#status)
    this.#parts.call.watch.subject = null
    const reading = this.#observer.whenRead?.()
    if (reading === undefined) this.#report(ending, cause)
    else reading.then(() => this.#report(ending, cause))
  }

  #report(ending: Relayed['ending'], cause: Error | null): void {
    this.#finish({
      ending,
      cause,
      status: this.#status,
      sentAtMs: this.#sentAtMs,
      firstByteAtMs: this.#firstByteAtMs,
      learned: this.#observer.learned(),
      backendRequestId: this.#backendRequestId,
      contentType: this.#contentType,
      responseBytes: this.#responseBytes,
      attempts: this.#attempts,
      servedDeployment: this.#candidate?.alias ?? null,
      spilledFrom: this.#spilledFrom,
      isKeptWhole: this.#capture.isWhole,
      unwritten: this.#capture.unwritten,
      progressed: this.#capture.progressed,
    })
  }
}

function unset(): void {}

/** Only answers of instances with the gateway's own credential are held with these. */
function isOfCredential(status: number): boolean {
  return status === 401 || status === 403
}

/** What the body would have said changes nothing. */
function isJudgedByHead(status: number): boolean {
  return status === 429 || status === 503 || isOfCredential(status)
}

function endingOf(reason: Error): Relayed['ending'] {
  return reason instanceof GivenUp ? reason.failure : 'left'
}
