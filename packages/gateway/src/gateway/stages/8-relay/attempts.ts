/**
 * The attempts of one call: decides what happens to an answer, what may be replayed, and which refusal is the most
 * useful one. One object serves all attempts of a call, one after the other. Each attempt is an `Incoming`; the client
 * is an `Outgoing`.
 *
 *   ready ──send──► waiting ──head──► relaying ──end──► ending ──sent, or client left──► settled
 *     ▲               │                  ▲
 *     │               │                  │ about the request, too long, or the best refusal there is
 *     │               │                  │
 *     │               └─may be a refusal─┴─► holding ──refuses the gateway, no other member──► settled
 *     │               │                         │
 *     └───────────────┴─────────────────────────┘ failed safely, and another member is left
 *
 *   waiting, relaying ──client left──► readingOn ──end, broke, or enough──► settled
 *   waiting ──answered from elsewhere──► replaced ──end, or broke──► settled
 *   ready ──no member is left──► ending with the best refusal, or settled
 *   any ──broke or aborted, and nothing else may be tried──► settled
 *
 * Giving up is not a state: the attempt is aborted with the reason, and `failed` is called with that reason.
 */
import type { Dispatcher } from 'undici'
import type { Instance } from '../../../instances/index.ts'
import type { Attempt } from '../../../instances/lane.ts'
import type { Candidate } from '../../../instances/pool.ts'
import type { AttemptRecord } from '../../../ledger/record.ts'
import { type AnswerHead, answerHead, type WholeAnswer } from '../../backend/answer-head.ts'
import { type BackendFailure, classify, GivenUp, isOfBackend } from '../../backend/failures.ts'
import { type Additions, lacksState, type RefusedAddition } from '../../backend/replay.ts'
import { type Call, ClientLeft, type Timed } from '../../call.ts'
import type { Relayed } from '../../relayed.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'
import { nowhere } from './discarded.ts'
import { type HeldRefusal, HeldTooLong, NotLetIn } from './held-refusal.ts'
import { Incoming, type IncomingParts, type Judge } from './incoming.ts'
import type { Outgoing, OutgoingListener, Sink } from './outgoing.ts'
import type { ReadingOn } from './read-on.ts'
import { isJudgedByHead, mayBeHeld, refusesByHead, verdictOn, verdictOnBreak } from './verdict.ts'

export type AttemptsState =
  | 'ready'
  | 'waiting'
  | 'holding'
  | 'relaying'
  | 'ending'
  /** The client has left, and the answer is read to its end because it is billed. */
  | 'readingOn'
  /** The client has its answer from elsewhere, and this one is read to its end because it is billed. */
  | 'replaced'
  | 'settled'

/**
 * What may follow an attempt that did not end its call: another member, or the same one without the addition that it
 * refused.
 */
export type Retry = 'another_member' | RefusedAddition

export interface AttemptsParts extends IncomingParts {
  readonly call: Pick<Call, 'id' | 'req' | 'watch'>
  readonly request: Pick<ReceivedRequest, 'deployment' | 'json'>
  readonly outgoing: Outgoing
  readonly totalMs: number
  /** How an answer is read on after the client has left, and for how long at most; null where it is not. */
  readonly readOn: { readonly reading: ReadingOn; readonly forMs: number } | null
  /** False where every answer passes as it is: a copy has no client that a refusal could harm. */
  readonly isJudged: boolean
}

/** One attempt, as `dispatch` prepares it. */
export interface AttemptRequest {
  readonly request: Dispatcher.DispatchOptions
  readonly candidate: Candidate
  /** The attempt as the lane counts it. */
  readonly attempt: Attempt
  /** What the gateway has put into the request. Usage that it asked for is taken out of the stream again. */
  readonly added: Additions
  /** Another member could be tried after this one. */
  readonly mayReplay: boolean
  /** Called when the answer is a success; null for nearly every attempt. */
  readonly accepted: (() => void) | null
}

export class Attempts implements Judge, OutgoingListener, Timed {
  readonly #parts: AttemptsParts
  #state: AttemptsState = 'ready'
  #finish: (result: Relayed | Retry) => void = unset
  /** The attempt in flight or the last one. At the end, the one whose answer is the answer of the call. */
  #current: Incoming | null = null
  /** The attempt with the most useful refusal so far. */
  #best: Incoming | null = null
  #mayReplay = false
  #accepted: (() => void) | null = null
  #givenUp: Error | null = null
  #lacksState = false
  /** Failure of the last attempt that brought no answer. */
  #failure: BackendFailure | null = null
  #cause: Error | null = null
  readonly #records: AttemptRecord[] = []
  /** The answer from elsewhere that the client got; null for all but hedged calls. */
  #replacement: { readonly status: number; readonly bytes: number } | null = null

  constructor(parts: AttemptsParts) {
    this.#parts = parts
    const { call, outgoing, totalMs } = parts
    outgoing.listen(this)
    call.watch.deadlineAt = performance.now() + totalMs
    call.watch.subject = this
    // The client may have left while the record was opened. Then `closed` does not come, and nothing is to be sent.
    if (outgoing.isClosed) this.giveUp(new ClientLeft())
  }

  get state(): AttemptsState {
    return this.#state
  }

  /** Why the call ends without an answer: the client left, its time is up, or the gateway stops. Null otherwise. */
  get givenUp(): Error | null {
    return this.#givenUp
  }

  /** True once an instance has said that another one made something in the call. */
  get lacksState(): boolean {
    return this.#lacksState
  }

  /** Attempts that are over: the number of the next one in the record. */
  get made(): number {
    return this.#records.length
  }

  /** The instance whose answer is the answer of the call, or that was tried last. */
  get instance(): Instance | null {
    return this.#current?.candidate.instance ?? null
  }

  /**
   * Sends the call to a member.
   * @returns the report, when the call has ended; or what may be tried next: then `send` or `conclude` must follow.
   */
  send({ request, candidate, attempt, added, mayReplay, accepted }: AttemptRequest): Promise<Relayed | Retry> {
    const incoming = new Incoming(candidate, attempt, added, this.#parts, this)
    this.#current = incoming
    this.#mayReplay = mayReplay
    this.#accepted = accepted
    this.#state = 'waiting'
    const { promise, resolve } = Promise.withResolvers<Relayed | Retry>()
    this.#finish = resolve
    if (this.#givenUp === null) candidate.instance.connections.dispatch(request, incoming)
    else this.failed(incoming, this.#givenUp)
    return promise
  }

  /** No member is left: the client gets the most useful refusal, or the failure of the last attempt. */
  conclude(): Promise<Relayed> {
    const { promise, resolve } = Promise.withResolvers<Relayed>()
    this.#finish = result => {
      if (typeof result !== 'string') resolve(result)
    }
    if (this.#givenUp !== null) this.#settle(endingOf(this.#givenUp), this.#givenUp)
    else if (this.#best !== null) this.#answerWithHeld(this.#best)
    else this.#settle(this.#failure ?? 'backend_broke', this.#cause)
    return promise
  }

  /** Ends the call from outside. */
  giveUp(reason: Error): void {
    if (this.#state === 'settled') return
    this.#givenUp ??= reason
    this.#current?.abort(reason)
  }

  /** The client's upload is being read, and cannot be read again: no other member can be tried. */
  bodyIsRead(): void {
    this.#mayReplay = false
  }

  /**
   * Gives the client this whole answer instead. The one in flight is read to its end, since it is billed.
   * @returns false when it is too late.
   */
  replaceWith({ status, headers, body }: WholeAnswer): boolean {
    const { outgoing } = this.#parts
    if (this.#state !== 'waiting' || outgoing.isClosed) return false
    const whole = Buffer.concat(body)
    outgoing.head(answerHead(status, headers), false)
    this.#state = 'replaced'
    this.#replacement = { status, bytes: whole.length }
    outgoing.end(whole)
    return true
  }

  holds(incoming: Incoming, status: number): boolean {
    if (!this.#parts.isJudged || this.#state !== 'waiting') return false
    // The refusal of the last member is held as well: an earlier one may help the client more.
    const isHeld = mayBeHeld(status, incoming, this.#mayReplay || this.#best !== null)
    if (isHeld) this.#state = 'holding'
    return isHeld
  }

  answered(_incoming: Incoming, head: AnswerHead, changesBody: boolean): Sink {
    if (this.#accepted !== null && head.status < 400) this.#accepted()
    if (this.#state === 'replaced') return nowhere
    if (this.#state === 'readingOn') {
      // A refusal is not billed, so it need not be read. But a refused prompt that the backend had to read is billed,
      // and the body of its 400 says so.
      if (head.status > 400) this.giveUp(new ClientLeft())
      return nowhere
    }
    this.#state = 'relaying'
    const { outgoing } = this.#parts
    outgoing.head(head, changesBody)
    return outgoing
  }

  ended(incoming: Incoming): void {
    if (this.#state === 'replaced') this.#settleReplaced(incoming)
    else if (this.#state === 'readingOn') this.#settle('left', null)
    else {
      this.#state = 'ending'
      this.#parts.outgoing.end(incoming.rest())
    }
  }

  outgrew(incoming: Incoming, { head }: HeldRefusal): void {
    if (refusesByHead(incoming, head.status)) incoming.abort(new HeldTooLong())
    else incoming.letPass(true)
  }

  mayStop(): void {
    if (this.#state === 'readingOn') this.giveUp(new ClientLeft())
  }

  refused(incoming: Incoming, held: HeldRefusal): void {
    const { status } = held.head
    const verdict = verdictOn(incoming, held, this.#parts.request, this.#parts.clock())
    if (verdict === 'answer' || verdict === 'refusal') {
      if (lacksState(status, held.error)) this.#lacksState = true
      if (verdict === 'refusal') this.#refuse(incoming, held)
      else this.#release(incoming)
      return
    }
    this.#note(incoming, verdict === 'usage' ? 'usage_refused' : 'maximum_refused', status)
    this.#retry(verdict)
  }

  /** A held answer is a refusal that was not billed. */
  #refuse(incoming: Incoming, held: HeldRefusal): void {
    this.#note(incoming, held.isOwnTrouble ? 'credential_refused' : null, held.head.status)
    if (held.isMoreUsefulThan(this.#best?.held ?? null)) this.#best = incoming
    if (this.#mayReplay) this.#retry('another_member')
    else this.#answerWithHeld(this.#best ?? incoming)
  }

  #retry(what: Retry): void {
    this.#state = 'ready'
    this.#finish(what)
  }

  /** No other member is left. */
  #answerWithHeld(incoming: Incoming): void {
    const { held } = incoming
    if (held?.isOwnTrouble !== true) {
      this.#release(incoming)
      return
    }
    this.#current = incoming
    incoming.notRun()
    this.#settle('credential_refused', new NotLetIn(held.error.code ?? held.error.type))
  }

  /** A held answer goes to the client as it came. */
  #release(incoming: Incoming): void {
    this.#current = incoming
    this.#parts.call.watch.subject = this
    incoming.letPass(false)
    this.ended(incoming)
    // The client left while the answer was held, and `closed` came before.
    if (this.#givenUp !== null) this.#settle('left', null)
  }

  failed(incoming: Incoming, error: Error): void {
    if (this.#state === 'settled') return
    const held = this.#state === 'holding' ? incoming.held : null
    if (error instanceof ClientLeft) {
      // A refusal is not billed, and the record needs its status even while it is held.
      this.#settle('left', null, held?.head.status)
      return
    }
    const failure = classify(error, incoming.head !== null || held !== null)
    if (isOfBackend(failure)) incoming.attempt.broke(incoming.isSent, this.#parts.clock())
    if (this.#state === 'replaced') {
      this.#settleReplaced(incoming)
      return
    }
    if (this.#state === 'readingOn') {
      this.#settle('left', null)
      return
    }
    const mayRetry = failure === 'backend_redirected' || !(error instanceof GivenUp)
    if (mayRetry && this.#retries(incoming, held, failure, error)) return
    if (held !== null && !refusesByHead(incoming, held.head.status)) incoming.letPass(false)
    if (incoming.head !== null) this.#parts.outgoing.breakOff(incoming.rest(), failure)
    this.#settle(failure, error)
  }

  /**
   * @returns true when the failure is not the end: another member may be tried, or an earlier refusal is the answer.
   */
  #retries(incoming: Incoming, held: HeldRefusal | null, failure: BackendFailure, error: Error): boolean {
    if (incoming.head !== null) return false
    const verdict = verdictOnBreak(incoming, held, this.#parts.clock())
    if (verdict === 'broken') return false
    if (verdict === 'refusal' && held !== null) {
      this.#refuse(incoming, held)
      return true
    }
    if (!this.#mayReplay && this.#best === null) return false
    this.#note(incoming, held === null ? failure : null, held?.head.status ?? null)
    this.#failure = failure
    this.#cause = error
    if (this.#mayReplay) this.#retry('another_member')
    else if (this.#best !== null) this.#answerWithHeld(this.#best)
    return true
  }

  drained(): void {
    this.#current?.resume()
  }

  closed(): void {
    // After an answer from elsewhere, the one in flight is still read.
    if (this.#state === 'settled' || this.#state === 'replaced') return
    if (this.#state === 'ending') this.#settle(this.#parts.outgoing.isSent ? 'whole' : 'left', null)
    else if (!this.#readsOn()) this.giveUp(new ClientLeft())
  }

  /** The client has left. @returns true when the answer in flight is read on. */
  #readsOn(): boolean {
    const { readOn, call } = this.#parts
    const incoming = this.#current
    if (readOn === null || incoming === null || this.#givenUp !== null) return false
    if (this.#state !== 'waiting' && this.#state !== 'relaying') return false
    // A backend does not run a part of a request, and a refusal has nothing to read.
    if (!incoming.isSent || !call.req.complete || (incoming.head !== null && incoming.head.status >= 400)) return false
    // A follow-up asks later for the end of work in the background.
    if (incoming.isBackground || !readOn.reading.begin()) return false
    this.#state = 'readingOn'
    this.#mayReplay = false
    call.watch.deadlineAt = Math.min(call.watch.deadlineAt, performance.now() + readOn.forMs)
    incoming.readOn()
    return true
  }

  /** The call took too long, or the gateway stops and its grace is over. */
  expire(why: 'deadline' | 'shutdown'): void {
    if (this.#state === 'readingOn') this.giveUp(new ClientLeft())
    else this.giveUp(new GivenUp(why === 'shutdown' ? 'shutdown' : 'total_timeout'))
  }

  tick(now: number): void {
    const incoming = this.#current
    if (incoming === null) return
    if (this.#state === 'holding') this.#look(incoming, now)
    incoming.tick(now)
  }

  /** The end of a held refusal may never come. */
  #look(incoming: Incoming, now: number): void {
    const { held } = incoming
    if (held === null || !held.isOverdue(now)) return
    if (isJudgedByHead(incoming, held.head.status)) incoming.abort(new HeldTooLong())
    else incoming.letPass(true)
  }

  /** The attempt is over. */
  #note(incoming: Incoming, error: string | null, status: number | null): void {
    const record = incoming.finish(error, status)
    if (record !== null) this.#records.push(record)
  }

  #settleReplaced(incoming: Incoming): void {
    const status = incoming.head?.status ?? null
    // A refused call is not billed.
    if (status !== null && status >= 400) incoming.notRun()
    this.#note(incoming, null, status)
    this.#settle(this.#parts.outgoing.isSent ? 'whole' : 'left', null)
  }

  /** @param status where the head of the answer does not say it. */
  #settle(ending: Relayed['ending'], cause: Error | null, status: number | null = this.#status): void {
    if (this.#state === 'settled') return
    if (this.#state === 'readingOn') this.#parts.readOn?.reading.end()
    this.#state = 'settled'
    const incoming = this.#current
    const isFailure = ending !== 'whole' && ending !== 'left'
    if (incoming !== null) this.#note(incoming, isFailure ? ending : null, status)
    this.#parts.call.watch.subject = null
    const reading = incoming?.whenRead()
    if (reading === undefined) this.#report(ending, cause, status)
    else reading.then(() => this.#report(ending, cause, status))
  }

  /** The status that the client got from a backend; null where none has come. */
  get #status(): number | null {
    return this.#replacement?.status ?? this.#current?.head?.status ?? null
  }

  #report(ending: Relayed['ending'], cause: Error | null, status: number | null): void {
    const incoming = this.#current
    if (incoming === null) throw new TypeError('a call settles after its first attempt')
    const report = incoming.report({ ending, cause, status, attempts: this.#records })
    this.#finish(this.#replacement === null ? report : { ...report, responseBytes: this.#replacement.bytes })
  }
}

function unset(): void {}

function endingOf(reason: Error): Relayed['ending'] {
  return reason instanceof GivenUp ? reason.failure : 'left'
}
