/** The members of a target that can serve one call: which one is next, and the refusal when none may be tried. */
import { choose, shortestWaitMs } from '../../../instances/choose.ts'
import type { Instance } from '../../../instances/index.ts'
import type { Candidate, Candidates, Target } from '../../../instances/pool.ts'
import { Refusal } from '../../refusals.ts'

export interface TargetMembersParts {
  readonly target: Target
  readonly candidates: Candidates
  /** The member where the objects of the call live; null where any member may serve. */
  readonly home: Candidate | null
  /** True when other members may serve too, if the home cannot. */
  readonly mayLeaveHome: boolean
  /** Chooses the member for calls that begin alike; -1 where it does not matter. */
  readonly prefixHash: number
  readonly clock: () => number
}

/** Nothing says when an operator will restore an instance. Milliseconds. */
const drainedRetryMs = 30_000

/** Facts about earlier attempts that decide on the next one. */
interface SoFar {
  readonly givenUp: Error | null
  readonly lacksState: boolean
}

export class TargetMembers {
  readonly #parts: TargetMembersParts
  /** Members that were tried, or had no room for this call. */
  #tried: Instance[] | null = null
  #sent = 0

  constructor(parts: TargetMembersParts) {
    this.#parts = parts
  }

  get candidates(): Candidates {
    return this.#parts.candidates
  }

  get tried(): readonly Instance[] {
    return this.#tried ?? []
  }

  /** True when objects of the call live on one member. */
  get hasHome(): boolean {
    return this.#parts.home !== null
  }

  /** @param soFar null before anything was sent. @returns null when no member is left, or none may be tried now. */
  next(soFar: SoFar | null): Candidate | null {
    const { home, mayLeaveHome, target, candidates, clock, prefixHash } = this.#parts
    if (home !== null && this.#tried === null && (!mayLeaveHome || home.lane.admits(clock()))) return home
    if (home !== null && !mayLeaveHome) return null
    if (this.#sent >= target.attemptsMax || (soFar !== null && soFar.givenUp !== null)) return null
    const chosen = choose(target, candidates, { nowMs: clock(), tried: this.#tried, prefixHash })
    if (chosen !== null || soFar?.lacksState !== true) return chosen
    // A member that is out of use made what the call contains: its own answer says more than another member's 400.
    return candidates.all.find(({ instance }) => this.#tried?.includes(instance) !== true) ?? null
  }

  /** The only member, unless an operator has drained it; null where there are several. */
  get only(): Candidate | null {
    const [one, ...others] = this.#parts.candidates.all
    return one === undefined || others.length > 0 || one.lane.isDrained ? null : one
  }

  /** Called when a member is chosen: it is not chosen again for this call. */
  choose({ instance }: Candidate): void {
    if (this.#tried === null) this.#tried = [instance]
    else this.#tried.push(instance)
  }

  /** Called when the call is sent to the chosen member. */
  send(): void {
    this.#sent += 1
  }

  /** True when another member could be tried after the chosen one. */
  get mayReplay(): boolean {
    const { home, mayLeaveHome, target, candidates } = this.#parts
    if (home !== null && !mayLeaveHome) return false
    return this.#sent < target.attemptsMax && candidates.all.length > this.tried.length
  }

  /** Says why no member may be tried, and when one may. @param deployment as the client names it. */
  refusal(deployment: string): Refusal {
    const { target, candidates, clock } = this.#parts
    const hints = { nowMs: clock(), tried: this.#tried, prefixHash: -1 }
    const retryAfterMs = Math.max(1, shortestWaitMs(candidates, hints) ?? 1)
    const { all } = candidates
    if (all.every(({ lane }) => lane.isDrained)) {
      return new Refusal('instance_drained', { target: target.name, deployment }, { retryAfterMs: drainedRetryMs })
    }
    if (all.every(({ lane }) => lane.breaker.reason === 'credential_refused')) {
      return new Refusal('credential_refused', { instance: all[0]?.instance.name ?? '' }, { retryAfterMs })
    }
    const details = { target: target.name, deployment, seconds: Math.ceil(retryAfterMs / 1_000) }
    const isThrottled = all.some(({ lane }) => lane.isThrottled)
    return new Refusal(isThrottled ? 'pool_exhausted' : 'pool_unavailable', details, { retryAfterMs })
  }
}
