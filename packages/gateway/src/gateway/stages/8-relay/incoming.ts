/**
 * The answer to one attempt on its way in: undici's handler for one request. It keeps the times, buffers what may be a
 * refusal, observes the answer and passes the bytes on. The judge decides what follows from an event.
 */
import type { Dispatcher } from 'undici'
import type { Attempt } from '../../../instances/lane.ts'
import type { Candidate } from '../../../instances/pool.ts'
import type { Journal } from '../../../ledger/index.ts'
import type { AttemptRecord } from '../../../ledger/record.ts'
import { requestIdIn, spilledFrom } from '../../../wire/backends.ts'
import { type AnswerHead, answerHead } from '../../backend/answer-head.ts'
import { GivenUp } from '../../backend/failures.ts'
import type { Additions } from '../../backend/replay.ts'
import { CreatedObjects, type Creates } from '../../observe/created-objects.ts'
import { hidesUsage, observerFor } from '../../observe/index.ts'
import { blind, type Observer } from '../../observe/observer.ts'
import { asRelayed, type Relayed } from '../../relayed.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'
import { Capture } from './capture.ts'
import { nowhere } from './discarded.ts'
import { HeldRefusal } from './held-refusal.ts'
import type { Sink } from './outgoing.ts'
import { readOnBytesMax } from './read-on.ts'

/**
 * Decides what follows from the events of an attempt. Each method is called at most once for an attempt, except
 * `mayStop`.
 */
export interface Judge {
  /** Why the call ends before its answer does; null while it goes on. */
  readonly givenUp: Error | null
  /** The head of an error has come. @returns true when it may be a refusal and its body is to be held. */
  holds(incoming: Incoming, status: number): boolean
  /** The head of the answer is known and its body follows. @returns where the body goes. */
  answered(incoming: Incoming, head: AnswerHead, changesBody: boolean): Sink
  /** A held refusal has come whole. */
  refused(incoming: Incoming, held: HeldRefusal): void
  /** A held refusal is too long to be one. */
  outgrew(incoming: Incoming, held: HeldRefusal): void
  /** An answer without a client has come as far as it is worth reading. */
  mayStop(): void
  /** The answer has come whole. */
  ended(incoming: Incoming): void
  /** No answer came, or it broke off. */
  failed(incoming: Incoming, error: Error): void
}

/** What the attempts of one call have in common. */
export interface IncomingParts {
  readonly call: { readonly id: string }
  readonly request: Pick<ReceivedRequest, 'deployment'>
  /** Null when bodies are not captured. */
  readonly journal: Journal | null
  readonly clock: () => number
  /** Objects that the answer may create; null for nearly every call. */
  readonly creates: Creates | null
  /** What reads the answer; null where the head decides it. */
  readonly observer: Observer | null
}

export class Incoming implements Dispatcher.DispatchHandler {
  readonly candidate: Candidate
  /** The attempt as the lane counts it. */
  readonly attempt: Attempt
  /** What the gateway has put into the request. */
  readonly added: Additions
  readonly #parts: IncomingParts
  readonly #judge: Judge
  #controller: Dispatcher.DispatchController | null = null
  #sentAtMs: number | null = null
  #firstByteAtMs: number | null = null
  #head: AnswerHead | null = null
  #held: HeldRefusal | null = null
  #observer: Observer = blind
  #created: CreatedObjects | null = null
  readonly #capture: Capture
  #sink: Sink = nowhere
  #bytes = 0
  /** Bytes after which an answer without a client is not read on; infinite while there is one. */
  #bytesMax = Number.POSITIVE_INFINITY
  #isOver = false

  constructor(candidate: Candidate, attempt: Attempt, added: Additions, parts: IncomingParts, judge: Judge) {
    this.candidate = candidate
    this.attempt = attempt
    this.added = added
    this.#parts = parts
    this.#judge = judge
    this.#capture = new Capture(parts.journal, parts.call.id)
  }

  /** False until the request may have left the process, and where the backend has not run it. */
  get isSent(): boolean {
    return this.#sentAtMs !== null
  }

  /** Null until an answer has come that is passed on. */
  get head(): AnswerHead | null {
    return this.#head
  }

  /** The refusal that is held, or was held to its end; null where there is none, or it has been let pass. */
  get held(): HeldRefusal | null {
    return this.#held
  }

  /** True once the answer says that its object is at work in the background. */
  get isBackground(): boolean {
    return this.#created?.isBackground === true
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    const { givenUp } = this.#judge
    if (givenUp !== null) {
      controller.abort(givenUp)
      return
    }
    this.#sentAtMs = this.#parts.clock()
    this.attempt.connected(this.#sentAtMs)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return
    if (status >= 300 && status < 400 && status !== 304) {
      this.notRun()
      // SDKs would follow it, past the gateway and with the caller's token.
      controller.abort(new GivenUp('backend_redirected'))
      return
    }
    const nowMs = this.#parts.clock()
    this.#firstByteAtMs = nowMs
    this.attempt.answered(status, headers, nowMs)
    const head = answerHead(status, headers)
    if (status >= 400 && this.#judge.holds(this, status)) this.#held = new HeldRefusal(head, nowMs)
    else this.#begin(head)
  }

  #begin(head: AnswerHead): void {
    this.#head = head
    const { request, creates, observer } = this.#parts
    const { instance } = this.candidate
    const hideUsage = hidesUsage(head, this.added.usage)
    if (creates !== null && head.status < 400) this.#created = new CreatedObjects(creates, instance.name)
    this.#observer = observer ?? observerFor(head, hideUsage, request.deployment !== null, this.#created)
    this.#sink = this.#judge.answered(this, head, head.isEventStream && hideUsage)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const held = this.#held
    if (held === null) this.#pass(chunk, controller)
    else if (!held.add(chunk)) this.#judge.outgrew(this, held)
  }

  #pass(chunk: Buffer, controller: Dispatcher.DispatchController | null): void {
    this.#bytes += chunk.length
    const out = this.#observer.pass(chunk)
    if (out.length > 0 && !this.#sink.write(out)) controller?.pause()
    this.#capture.add(chunk)
    // Nearly every chunk: the answer creates nothing, and there is a client.
    if (this.#created === null && this.#bytes <= this.#bytesMax) return
    // A restart must find the object, and a follow-up asks for its end: nothing more needs to be read.
    const { isBackground } = this
    if (isBackground && !this.#capture.progressed) this.#capture.progress()
    if (isBackground || this.#bytes > this.#bytesMax) this.#judge.mayStop()
  }

  onResponseEnd(): void {
    if (this.#held === null) this.#judge.ended(this)
    else this.#judge.refused(this, this.#held)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#judge.failed(this, error)
  }

  /**
   * The held answer is passed on as it came, and the rest of it as it comes. @param isOpen true when a rest may come.
   */
  letPass(isOpen: boolean): void {
    const held = this.#held
    if (held === null) return
    this.#held = null
    this.#begin(held.head)
    for (const chunk of held.chunks) this.#pass(chunk, isOpen ? this.#controller : null)
  }

  /** The client has left: from here on the answer is only read. */
  readOn(): void {
    this.#sink = nowhere
    this.#bytesMax = this.#bytes + readOnBytesMax
    this.resume()
  }

  /** Before the request is in flight there is nothing to abort: `onRequestStart` does it then. */
  abort(reason: Error): void {
    this.#controller?.abort(reason)
  }

  /** Reads again after a pause. */
  resume(): void {
    this.#controller?.resume()
  }

  /** Bytes that the observer has held back. */
  rest(): Buffer {
    return this.#observer.rest()
  }

  /** The backend has refused the request before it ran it, so it is billed nowhere. */
  notRun(): void {
    this.#sentAtMs = null
  }

  /** Called a few times a second. */
  tick(now: number): void {
    this.#capture.tick(now)
  }

  /** The attempt is over. @returns its line in the record; null when it was over before. */
  finish(error: string | null, status: number | null): AttemptRecord | null {
    if (this.#isOver) return null
    this.#isOver = true
    this.#controller = null
    const nowMs = this.#parts.clock()
    this.attempt.end(nowMs)
    const durationMs = nowMs - (this.#sentAtMs ?? this.attempt.beganAtMs)
    return { instance: this.candidate.instance.name, status, durationMs, error }
  }

  /** Resolves when the observer has read all that came; undefined where it has already. */
  whenRead(): Promise<void> | undefined {
    return this.#observer.whenRead?.()
  }

  report(how: Pick<Relayed, 'ending' | 'cause' | 'status' | 'attempts'>): Relayed {
    const head = this.#head
    const { instance, lane, alias } = this.candidate
    return asRelayed({
      ending: how.ending,
      cause: how.cause,
      status: how.status,
      sentAtMs: this.#sentAtMs,
      firstByteAtMs: head === null ? null : this.#firstByteAtMs,
      learned: this.#observer.learned(),
      backendRequestId: head === null ? null : requestIdIn(head.headers, instance.backend),
      contentType: head === null ? null : head.contentType,
      isEventStream: head?.isEventStream === true,
      responseBytes: this.#bytes,
      attempts: how.attempts,
      servedDeployment: alias,
      spilledFrom: head !== null && lane.kind === 'provisioned' ? spilledFrom(head.headers, instance.backend) : null,
      isKeptWhole: this.#capture.isWhole,
      unwritten: this.#capture.unwritten,
      progressed: this.#capture.progressed,
    })
  }
}
