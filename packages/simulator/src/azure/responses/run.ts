/** A response from its creation to its end: it is made at once, and shown as far as it has progressed. */

import type { Clock } from '../../clock.ts'
import type { JsonRecord } from '../../json.ts'
import type { OpenLine, Spent } from '../billing/bill.ts'

export type ResponseObject = JsonRecord & { readonly id: string }

/** The parts of a call that its run needs. */
export interface RunAsk {
  readonly stream: boolean
  readonly background: boolean
  /** Deltas of its stream are padded. */
  readonly obfuscates: boolean
  /** The object's tier until it is over. */
  readonly serviceTier: string
}

export type Stage = 'in_progress' | 'ended' | 'cancelled'

/** One event of its stream. `thoughtTokens` were produced in silence before it, and `tokens` for it. */
export interface RunEvent {
  readonly text: string
  readonly thoughtTokens: number
  readonly tokens: number
  /** True for the event with the finished object. */
  readonly isLast: boolean
}

export interface RunOptions extends Spent {
  readonly ask: RunAsk
  /** The finished object. */
  readonly object: ResponseObject
  readonly output: readonly JsonRecord[]
  /** Its own order; made when they are read. */
  readonly events: (obfuscates: boolean) => Iterable<RunEvent>
  readonly clock: Clock
  /** The line of the call that created it; null for a line of a batch. */
  readonly line: OpenLine | null
  /**
   * Duration of a response in the background, in milliseconds. Null: until it has been read once. Not used for a
   * synchronous one, which ends with its call.
   */
  readonly takesMs: number | null
}

export class Run {
  readonly ask: RunAsk
  readonly object: ResponseObject
  readonly #options: RunOptions
  readonly #startsAtMs: number
  #stage: Stage = 'in_progress'

  constructor(options: RunOptions) {
    this.ask = options.ask
    this.object = options.object
    this.#options = options
    this.#startsAtMs = options.clock()
  }

  /** Its progress now. */
  get stage(): Stage {
    const { takesMs, clock } = this.#options
    const isOver = this.ask.background && takesMs !== null && clock() >= this.#startsAtMs + takesMs
    if (this.#stage === 'in_progress' && isOver) this.#stage = 'ended'
    return this.#stage
  }

  /**
   * The object for a caller that reads it. One in the background that has no clock is in progress at its first read,
   * then finished.
   */
  look(): ResponseObject {
    const { stage } = this
    if (stage === 'in_progress' && this.ask.background && this.#options.takesMs === null) this.#stage = 'ended'
    return stage === 'ended' ? this.object : unfinishedObject(this.object, this.ask, stage)
  }

  queued(): ResponseObject {
    return unfinishedObject(this.object, this.ask, 'queued')
  }

  /** Items of its output: none before its end. */
  get outputItems(): readonly JsonRecord[] {
    return this.stage === 'ended' ? this.#options.output : []
  }

  /** Ends a synchronous one, or one that has no clock. */
  end(): void {
    if (this.#stage === 'in_progress') this.#stage = 'ended'
  }

  /** Charges what it had produced by now. False when it was already over. */
  cancel(): boolean {
    if (this.stage !== 'in_progress') return false
    const { line } = this.#options
    if (line !== null && this.ask.background) line.completionTokens = this.#tokensNow()
    this.#stage = 'cancelled'
    return true
  }

  /** Charges all of it, as soon as it has begun: what runs in the background runs to its end. */
  charge(): void {
    const { line, completionTokens, promptTokens } = this.#options
    if (line === null || this.#stage === 'cancelled') return
    line.promptTokens = promptTokens
    line.completionTokens = completionTokens
  }

  /** Its events, with the times at which each becomes available; one that has no clock has all of them at once. */
  *timedEvents(obfuscates: boolean): Generator<RunEvent & { readonly atMs: number }> {
    const { takesMs, completionTokens } = this.#options
    let tokens = 0
    for (const event of this.#options.events(obfuscates)) {
      tokens += event.thoughtTokens + event.tokens
      const share = completionTokens === 0 ? 1 : Math.min(1, tokens / completionTokens)
      yield { ...event, atMs: this.#startsAtMs + (takesMs ?? 0) * share }
    }
  }

  #tokensNow(): number {
    const { takesMs, clock, completionTokens } = this.#options
    if (takesMs === null || takesMs === 0) return 0
    return Math.floor(completionTokens * Math.min(1, (clock() - this.#startsAtMs) / takesMs))
  }
}

/** The same object before its end, or cancelled: its output, filters, tier and usage are not known yet. */
export function unfinishedObject(object: ResponseObject, { serviceTier }: RunAsk, status: string): ResponseObject {
  return {
    ...object,
    status,
    completed_at: null,
    content_filters: null,
    incomplete_details: null,
    output: [],
    service_tier: serviceTier,
    usage: null,
  }
}
