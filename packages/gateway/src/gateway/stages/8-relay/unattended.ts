/**
 * Calls that the gateway sends by itself: they have no client, so their answer is only observed and kept. The relay
 * serves them like a client's call, but never holds or replays an answer.
 */
import type { Dispatcher } from 'undici'
import type { Attempt } from '../../../instances/lane.ts'
import type { Candidate } from '../../../instances/pool.ts'
import type { WholeAnswer } from '../../backend/answer-head.ts'
import { GivenUp } from '../../backend/failures.ts'
import type { Additions } from '../../backend/replay.ts'
import type { Observer } from '../../observe/observer.ts'
import type { Relayed } from '../../relayed.ts'
import { Attempts, type AttemptsParts } from './attempts.ts'
import { Discarded } from './discarded.ts'

export interface UnattendedParts extends Pick<AttemptsParts, 'call' | 'request' | 'clock'> {
  /** Longest time for the answer, milliseconds. */
  readonly answerMsMax: number
  /** What reads the answer; null where its head decides. */
  readonly observer: Observer | null
}

export class Unattended {
  readonly #parts: UnattendedParts
  readonly #outgoing = new Discarded()
  readonly #attempts: Attempts

  constructor(parts: UnattendedParts) {
    const { call, request, clock, observer, answerMsMax } = parts
    this.#parts = parts
    this.#attempts = new Attempts({
      ...{ call, request, clock, observer, totalMs: answerMsMax, outgoing: this.#outgoing },
      ...{ journal: null, creates: null, readOn: null, isJudged: false },
    })
  }

  giveUp(reason: GivenUp): void {
    this.#attempts.giveUp(reason)
  }

  async send(
    request: Dispatcher.DispatchOptions,
    candidate: Candidate,
    attempt: Attempt,
    added: Additions,
  ): Promise<Relayed> {
    // The gateway's single timer knows only calls of clients.
    const timer = setTimeout(() => this.giveUp(new GivenUp('total_timeout')), this.#parts.answerMsMax)
    try {
      const sent = { request, candidate, attempt, added, mayReplay: false, accepted: null }
      const result = await this.#attempts.send(sent)
      return typeof result === 'string' ? await this.#attempts.conclude() : result
    } finally {
      clearTimeout(timer)
    }
  }

  /** The reported answer, where a client could use it; null for an error, or where it was too long to be kept. */
  usable({ ending, isKeptWhole, unwritten }: Relayed): WholeAnswer | null {
    const head = this.#outgoing.answerHead
    if (ending !== 'whole' || head === null || head.status >= 400 || !isKeptWhole) return null
    return { status: head.status, headers: head.headers, body: unwritten }
  }
}
