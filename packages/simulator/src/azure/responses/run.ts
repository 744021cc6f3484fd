/** A response from its creation to its end: made at once, shown as far as it has come. */

import type { Clock } from '../../clock.ts'
import type { JsonRecord } from '../../json.ts'
import type { OpenLine, Spent } from '../billing/bill.ts'

export type ResponseObject = JsonRecord & { readonly id: string }

/** What a run needs to know of the call that created it. */
export interface RunAsk {
  readonly stream: boolean
  readonly background: boolean
  /** Deltas of its stream are padded. */
  readonly obfuscates: boolean
  /** What the object says of its tier until it is over. */
  readonly serviceTier: string
}

export type Stage = 'in_progress' | 'ended' | 'cancelled'

/** One event of its stream. `thoughtTokens` were produced before it, in silence, and `tokens` for it. */
export interface RunEvent {
  readonly text: string
  readonly thoughtTokens: number
  readonly tokens: number
  /** It has the finished object. */
  readonly isLast: boolean
}

export interface RunOptions extends Spent {
  readonly ask: RunAsk
  /** The finished object. */
  readonly object: ResponseObject
  readonly output: readonly JsonRecord[]
  /** In its own order; made when somebody reads them. */
  readonly events: (obfuscates: boolean) => Iterable<RunEvent>
  readonly clock: Clock
  /** Of the call that created it; null for a line of a batch. */
  readonly line: OpenLine | null
  /**
   * How long a response in the background takes, in milliseconds. Null: until it has been asked for once. Of a synchronous one it is
   * not used: that ends with its call.
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

  /** How far it is now. */
  get stage(): Stage {
    const { takesMs, clock } = this.#options
    const isOver = this.ask.background && takesMs !== null && clock() >= this.#startsAtMs + takesMs
    if (this.#stage === 'in_progress' && isOver) this.#stage = 'ended'
    return this.#stage
  }

  /** As who asks for the object gets it. One in the background that goes by no clock is found at work once, then finished. */
  look(): ResponseObject {
    const { stage } = this
    if (stage === 'in_progress' && this.ask.background && this.#options.takesMs === null) this.#stage = 'ended'
    return stage === 'ended' ? this.object : unfinishedObject(this.object, this.ask, stage)
  }

  queued(): ResponseObject {
    return unfinishedObject(this.object, this.ask, 'queued')
  }

  /** Items that it has put out: none before its end. */
  get outputItems(): readonly JsonRecord[] {
    return this.stage === 'ended' ? this.#options.output : []
  }

  /** The end of a synchronous one, or of one that goes by no clock. */
  end(): void {
    if (this.#stage === 'in_progress') this.#stage = 'ended'
  }

  /** What it had produced by now is charged. False when it was over. */
  cancel(): boolean {
    if (this.stage !== 'in_progress') return false
    const { line } = this.#options
    if (line !== null && this.ask.background) line.completionTokens = this.#tokensNow()
    this.#stage = 'cancelled'
    return true
  }

  /** Everything that it costs, from the moment it has begun: what runs in the background runs to its end. */
  charge(): void {
    const { line, completionTokens, promptTokens } = this.#options
    if (line === null || this.#stage === 'cancelled') return
    line.promptTokens = promptTokens
    line.completionTokens = completionTokens
  }

  /** Its events with the times from which each is there; one that goes by no clock has all of them at once. */
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

/** The same object before its end, or cancelled: nothing is known yet of what comes out, its filters, its tier and its usage. */
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
