/** Attempts between fakes: a client and connections that note what is done to them, in order. */
import assert from 'node:assert/strict'
import { type Dispatcher, Pool } from 'undici'
import type { Instance } from '../../../instances/index.ts'
import { testInstance } from '../../../instances/instance.fixture.ts'
import type { Candidate } from '../../../instances/pool.ts'
import type { AnswerHead } from '../../backend/answer-head.ts'
import { type Additions, nothingAdded } from '../../backend/replay.ts'
import type { Creates } from '../../observe/created-objects.ts'
import type { Relayed } from '../../relayed.ts'
import { type AttemptRequest, Attempts, type Retry } from './attempts.ts'
import { memberOf } from './member.fixture.ts'
import type { Outgoing, OutgoingListener } from './outgoing.ts'
import { ReadingOn } from './read-on.ts'

/** A client that takes everything and notes it. */
export class FakeClient implements Outgoing {
  isClosed = false
  isSent = false
  /** False makes the client slow: it takes the bytes, but the source must pause. */
  takes = true
  readonly #notes: string[]
  #listener: OutgoingListener | null = null

  constructor(notes: string[]) {
    this.#notes = notes
  }

  listen(listener: OutgoingListener): void {
    this.#listener = listener
  }

  head({ status }: AnswerHead): void {
    this.#notes.push(`head ${status}`)
  }

  write(bytes: Buffer): boolean {
    this.#notes.push(`write ${bytes}`)
    return this.takes
  }

  end(rest: Buffer): void {
    this.#notes.push(rest.length === 0 ? 'end' : `end ${rest}`)
  }

  breakOff(_rest: Buffer, failure: string): void {
    this.#notes.push(`break off: ${failure}`)
  }

  /** The last byte is with the kernel. */
  sent(): void {
    this.isSent = true
    this.isClosed = true
    this.#listener?.closed()
  }

  leaves(): void {
    this.isClosed = true
    this.#listener?.closed()
  }

  drains(): void {
    this.#listener?.drained()
  }
}

/** Connections on which nothing is sent: a test plays the backend. */
class FakeConnections extends Pool {
  handler: Dispatcher.DispatchHandler | null = null
  readonly #notes: string[]

  constructor(notes: string[]) {
    super('http://127.0.0.1:9')
    this.#notes = notes
  }

  override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#notes.push('dispatch')
    this.handler = handler
    return true
  }
}

export interface WorldOptions {
  readonly mayReplay?: boolean
  readonly added?: Additions
  readonly readsOn?: boolean
  readonly isJudged?: boolean
  readonly creates?: Creates | null
  readonly isUploaded?: boolean
  /** Calls carry the caller's token. */
  readonly ofCaller?: boolean
}

export class AttemptsWorld {
  /** What was done to the client, the backend and the call, in order. */
  readonly notes: string[] = []
  readonly client = new FakeClient(this.notes)
  readonly reading = new ReadingOn()
  readonly attempts: Attempts
  readonly call: { readonly watch: { deadlineAt: number; subject: unknown } }
  /** The report, or what may be tried next; null while the call goes on. */
  result: Relayed | Retry | null = null
  nowMs = 1_000
  readonly #options: WorldOptions
  readonly #connections = new FakeConnections(this.notes)
  #candidate: Candidate | null = null

  constructor(options: WorldOptions = {}) {
    this.#options = options
    const { readsOn = false, isJudged = true, creates = null, isUploaded = true } = options
    const call = { id: 'call-1', req: { complete: isUploaded }, watch: { deadlineAt: 0, subject: null } }
    this.call = call
    this.attempts = new Attempts({
      // Of the request only this is read.
      call: call as unknown as ConstructorParameters<typeof Attempts>[0]['call'],
      request: { deployment: 'gpt-4o', json: null },
      outgoing: this.client,
      journal: null,
      clock: () => this.nowMs,
      totalMs: 60_000,
      creates,
      observer: null,
      readOn: readsOn ? { reading: this.reading, forMs: 5_000 } : null,
      isJudged,
    })
  }

  /** Sends an attempt to a member of its own name. */
  send(name = 'east', more: Partial<AttemptRequest> = {}): Candidate {
    const { ofCaller = false, added = nothingAdded, mayReplay = true } = this.#options
    const written = ofCaller ? { credential: 'caller' as const } : {}
    const instance: Instance = { ...testInstance(name, ['gpt-4o'], written), connections: this.#connections }
    const { candidate } = memberOf(instance)
    this.#candidate = candidate
    this.result = null
    const request = { method: 'POST' as const, path: '/' }
    const attempt = candidate.lane.begin(this.nowMs)
    const sent = { request, candidate, attempt, added, mayReplay, accepted: null, ...more }
    void this.attempts.send(sent).then(result => {
      this.result = result
    })
    return candidate
  }

  conclude(): void {
    void this.attempts.conclude().then(result => {
      this.result = result
    })
  }

  get candidate(): Candidate {
    assert.ok(this.#candidate)
    return this.#candidate
  }

  get #handler(): Dispatcher.DispatchHandler {
    const { handler } = this.#connections
    assert.ok(handler)
    return handler
  }

  readonly #controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: null,
    rawTrailers: null,
    abort: reason => {
      this.notes.push(`abort: ${reason.message}`)
    },
    pause: () => {
      this.notes.push('pause')
    },
    resume: () => {
      this.notes.push('resume')
    },
  }

  connects(): void {
    this.#handler.onRequestStart?.(this.#controller, null)
  }

  head(status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.#handler.onResponseStart?.(this.#controller, status, { 'content-type': 'application/json', ...headers })
  }

  body(text: string): void {
    this.#handler.onResponseData?.(this.#controller, Buffer.from(text))
  }

  ends(): void {
    this.#handler.onResponseEnd?.(this.#controller, {})
  }

  breaks(error: Error = Object.assign(new Error('reset'), { code: 'UND_ERR_SOCKET' })): void {
    this.#handler.onResponseError?.(this.#controller, error)
  }
}

/** Lets promises that are ready go on. */
export async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}
