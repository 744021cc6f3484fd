/** Drain: the answer of a call that no client waits for, read to its end and observed as a relayed one is. */
import type { Dispatcher } from 'undici'
import type { Attempt } from '../../instances/lane.ts'
import type { Candidate } from '../../instances/pool.ts'
import { firstValue, requestIdIn, spilledFrom } from '../../wire/backends.ts'
import { classify, GivenUp, isOfBackend } from '../backend/failures.ts'
import { type AnswerHeaders, formOf, observerFor } from '../observe/facts.ts'
import { blind, type Observer } from '../observe/observer.ts'
import type { Asked } from '../receive/request.ts'
import type { Relayed } from '../relayed.ts'

/** Of a longer answer the beginning is kept: nobody gets it, and it is counted. Bytes. */
const keptBytesMax = 8_388_608

export interface DrainParts {
  readonly asked: Asked
  readonly candidate: Candidate
  readonly attempt: Attempt
  readonly clock: () => number
  readonly totalMs: number
  /** What reads the answer, where the answer's head does not decide it. */
  readonly observer?: Observer
}

export class Drain implements Dispatcher.DispatchHandler {
  readonly done: Promise<Relayed>
  readonly #parts: DrainParts
  readonly #finish: (relayed: Relayed) => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | null = null
  #observer: Observer = blind
  #givenUp: GivenUp | null = null
  #sentAtMs: number | null = null
  #firstByteAtMs: number | null = null
  #kept: Buffer[] = []
  #bytes = 0
  status: number | null = null
  headers: AnswerHeaders = {}

  constructor(parts: DrainParts) {
    this.#parts = parts
    const { promise, resolve } = Promise.withResolvers<Relayed>()
    this.done = promise
    this.#finish = resolve
    this.#timer = setTimeout(() => this.giveUp(new GivenUp('total_timeout')), parts.totalMs)
  }

  /** The answer, where all of it was kept. */
  get body(): readonly Buffer[] | null {
    return this.#bytes <= keptBytesMax ? this.#kept : null
  }

  giveUp(reason: GivenUp): void {
    this.#givenUp ??= reason
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#givenUp !== null) {
      controller.abort(this.#givenUp)
      return
    }
    this.#sentAtMs = this.#parts.clock()
    this.#parts.attempt.connected(this.#sentAtMs)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200) return
    const { asked, attempt, clock } = this.#parts
    this.#firstByteAtMs = clock()
    this.status = status
    this.headers = headers
    attempt.answered(status, headers, this.#firstByteAtMs)
    const { observer } = this.#parts
    this.#observer = observer ?? observerFor(formOf(headers, asked.hideUsage), asked, null)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#observer.pass(chunk)
    this.#bytes += chunk.length
    if (this.#bytes <= keptBytesMax) this.#kept.push(chunk)
  }

  onResponseEnd(): void {
    this.#observer.rest()
    this.#settle('whole', null)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const failure = classify(error, this.status !== null)
    const { attempt, clock } = this.#parts
    if (isOfBackend(failure)) attempt.broke(this.#sentAtMs !== null, clock())
    this.#settle(failure, error)
  }

  #settle(ending: Relayed['ending'], cause: Error | null): void {
    clearTimeout(this.#timer)
    const { attempt, clock } = this.#parts
    const nowMs = clock()
    attempt.end(nowMs)
    const reading = this.#observer.whenRead?.()
    if (reading === undefined) this.#report(ending, cause, nowMs)
    else reading.then(() => this.#report(ending, cause, nowMs))
  }

  #report(ending: Relayed['ending'], cause: Error | null, nowMs: number): void {
    const { candidate, attempt } = this.#parts
    const { backend } = candidate.instance
    const { status, headers } = this
    this.#finish({
      ending,
      cause,
      status,
      sentAtMs: this.#sentAtMs,
      firstByteAtMs: this.#firstByteAtMs,
      learned: this.#observer.learned(),
      backendRequestId: requestIdIn(headers, backend),
      contentType: firstValue(headers['content-type']),
      responseBytes: this.#bytes,
      attempts: [
        {
          instance: candidate.instance.name,
          status,
          durationMs: nowMs - (this.#sentAtMs ?? attempt.beganAtMs),
          error: ending === 'whole' ? null : ending,
        },
      ],
      servedDeployment: candidate.alias,
      spilledFrom: candidate.lane.kind === 'provisioned' ? spilledFrom(headers, backend) : null,
      isKeptWhole: this.#bytes <= keptBytesMax,
      unwritten: this.#kept,
      progressed: false,
    })
  }
}
