/** One call's way through the members of its target: which one is next, what it is sent, and what follows when none is left. */
import { choose, shortestWaitMs } from '../../instances/choose.ts'
import type { CredentialHeader } from '../../instances/credentials.ts'
import type { Instance } from '../../instances/index.ts'
import type { Candidate, Candidates, Hedge, Target } from '../../instances/pool.ts'
import type { Journal } from '../../ledger/index.ts'
import type { Denial } from '../../limits/index.ts'
import type { LooseBody } from '../../wire/loose.ts'
import { refusalOfDenial } from '../admit/refusals.ts'
import { requestFor, type Sending } from '../backend/request.ts'
import { signIn } from '../backend/sign-in.ts'
import { type Admitted, noteInstance } from '../exchange.ts'
import type { CopyAnswer, GatewayParts } from '../parts.ts'
import { openRecord } from '../record/open.ts'
import { Refusal } from '../refusals.ts'
import { Relay } from '../relay/index.ts'
import { isWorthReading } from '../relay/read-on.ts'
import type { Relayed } from '../relayed.ts'
import { additionsTo, sendingFor, withoutRefused } from './additions.ts'
import { createsOf } from './creates.ts'
import { prefixHash } from './prefix.ts'
import { lineKey, waitInLine } from './waiting.ts'

/** A percentile of fewer calls is none. */
const hedgeCallsLeast = 20

export class Attempts {
  readonly #exchange: Admitted
  readonly #sending: Sending
  readonly #target: Target
  readonly #candidates: Candidates
  readonly #pinned: Candidate | null
  /** Set where others than the pinned one may serve: what each of them is sent. */
  readonly #loose: LooseBody | null
  readonly #parts: GatewayParts
  readonly #journal: Journal | null
  readonly #prefixHash: number
  /** Instances that were tried, or had no room for this call. */
  #tried: Instance[] | null = null
  #sent = 0
  #relay: Relay | null = null
  #denial: Denial | null = null
  #lacksCredential: Refusal | null = null

  /** @param place `pinned` must serve, or had best serve where `loose` is set; null where any may. */
  constructor(
    exchange: Admitted,
    candidates: Candidates,
    place: { readonly pinned: Candidate | null; readonly loose: LooseBody | null },
    parts: GatewayParts,
  ) {
    const { call, route, asked, grant } = exchange
    this.#exchange = exchange
    this.#sending = {
      call,
      route,
      asked,
      target: grant.target,
      forwards: parts.plan.forwards,
      workload: grant.workload,
    }
    this.#target = grant.target
    this.#candidates = candidates
    this.#pinned = place.pinned
    this.#loose = place.loose
    this.#parts = parts
    this.#journal = grant.workload.capture === 'full' ? parts.journal : null
    const { prefixBytes } = grant.target
    this.#prefixHash = prefixBytes === null ? -1 : prefixHash(asked, prefixBytes)
  }

  /** The member to try first; null when all are left alone for a while, or others wait for the next that is free. */
  first(): Candidate | null {
    const { line } = this.#parts.limits
    const { grant, asked } = this.#exchange
    if (line.length > 0 && this.#pinned === null) {
      if (line.isAwaited([lineKey(grant.target.name, asked.deployment)], grant.workload.priority)) return null
    }
    return this.next()
  }

  /** The next member to try; null when none is left, or none may be tried now. */
  next(): Candidate | null {
    const home = this.#pinned
    if (home !== null && this.#tried === null && (this.#loose === null || home.lane.admits(this.#parts.clock())))
      return home
    if (home !== null && this.#loose === null) return null
    if (this.#sent >= this.#target.attemptsMax || this.#relay?.isGivenUp === true) return null
    const nowMs = this.#parts.clock()
    const hints = { nowMs, tried: this.#tried, prefixHash: this.#prefixHash }
    const chosen = choose(this.#target, this.#candidates, hints)
    if (chosen !== null || this.#relay?.lacksState !== true) return chosen
    // One that is left alone has made what the call brings: its own answer says more than another one's 400.
    return this.#candidates.all.find(({ instance }) => this.#tried?.includes(instance) !== true) ?? null
  }

  /**
   * All members are left alone for a while. The call stands in line when that is worth it; where there is one member alone, nobody else
   * could serve, and its own answer says more than ours.
   */
  async wait(): Promise<Candidate | null> {
    const found = await waitInLine(this.#exchange, this.#candidates, this.#parts, () => this.next())
    if (found !== null) return found
    return this.next() ?? (this.#candidates.all.length === 1 ? (this.#candidates.all[0] ?? null) : null)
  }

  /** @returns null when another member may be tried: this one has no room, no credential, or has refused. */
  async send(candidate: Candidate): Promise<Relayed | null> {
    const { instance } = candidate
    // At once, so that of several calls only one is the probe of a member that was left alone.
    const attempt = candidate.lane.begin(this.#parts.clock())
    if (this.#tried === null) this.#tried = [instance]
    else this.#tried.push(instance)
    let relay: Relay
    let header: CredentialHeader | null
    try {
      const credential = this.#credential(instance)
      header = credential instanceof Promise ? await credential : credential
      const room = header !== null && this.#hasRoom(candidate)
      if (header === null || !(room instanceof Promise ? await room : room)) {
        attempt.withdraw(this.#parts.clock())
        return null
      }
      noteInstance(this.#exchange, instance)
      relay = this.#relay ?? (await this.#open())
    } catch (error) {
      attempt.withdraw(this.#parts.clock())
      throw error
    }
    this.#sent += 1
    const upload = { journal: this.#journal, limits: this.#parts.receiveLimits, relay }
    const call = sendingFor(this.#sendingTo(instance), candidate.lane)
    const request = requestFor(call, candidate, header, upload)
    const sending = relay.send(request, candidate, attempt, this.#mayReplay(), additionsTo(call, candidate, false))
    const { hedge } = this.#target
    let relayed = await (hedge === null ? sending : this.#hedged(hedge, sending, candidate, relay))
    if (relayed === null && relay.refused !== null) relayed = await this.#sendOtherwise(call, candidate, header, relay)
    if (relayed !== null) noteInstance(this.#exchange, relay.instance)
    const { line } = this.#parts.limits
    if (line.length > 0) line.nudge()
    return relayed
  }

  /** Without what this instance cannot read, where the call may be sent so. */
  #sendingTo({ name }: Instance): Sending {
    const { asked } = this.#sending
    const body = this.#loose?.for(name) ?? asked.send
    if (body === asked.send) return this.#sending
    this.#parts.log.info({ id: this.#sending.call.id, instance: name }, 'reasoning_dropped')
    return { ...this.#sending, asked: { ...asked, send: body } }
  }

  /** The member does not take what the gateway has added: it gets the call without that, or in another form. */
  async #sendOtherwise(
    refused: Sending,
    candidate: Candidate,
    header: CredentialHeader,
    relay: Relay,
  ): Promise<Relayed | null> {
    const { lane } = candidate
    const remembers: (() => void)[] = []
    relay.whenAnswered = () => {
      for (const remember of remembers) remember()
    }
    let call = refused
    let wasRenamed = false
    let relayed: Relayed | null = null
    // Ends: usage is left out once, the maximum is renamed once and left out once.
    while (relay.refused !== null) {
      const other = withoutRefused(call, relay.refused, lane)
      call = other.sending
      wasRenamed ||= relay.refused === 'maximum'
      remembers.push(other.remember)
      const request = requestFor(call, candidate, header, null)
      const attempt = lane.begin(this.#parts.clock())
      relayed = await relay.send(
        request,
        candidate,
        attempt,
        this.#mayReplay(),
        additionsTo(call, candidate, wasRenamed),
      )
    }
    // A success of another member says nothing about this one.
    relay.whenAnswered = null
    return relayed
  }

  /** Reserves with the rules of the instance. Synchronous where the counters are. */
  #hasRoom({ instance, lane }: Candidate): boolean | Promise<boolean> {
    const { lease } = this.#exchange
    if (lease === null) return true
    const entering = lease.enter(instance.name, lane.deployment === '' ? null : lane.deployment)
    return entering instanceof Promise ? entering.then(denial => this.#passes(denial)) : this.#passes(entering)
  }

  #passes(denial: Denial | null): boolean {
    if (denial !== null) this.#denial = sooner(denial, this.#denial)
    return denial === null
  }

  /** Asks a second member when the first takes longer than such calls do, and gives the client whichever answer is whole first. */
  async #hedged(
    hedge: Hedge,
    sending: Promise<Relayed | null>,
    { lane, instance }: Candidate,
    relay: Relay,
  ): Promise<Relayed | null> {
    const { route, asked } = this.#sending
    if (!hedge.operations.has(route.operation.name) || !(asked.send instanceof Buffer)) return sending
    hedge.calls += 1
    const afterMs = lane.latency.percentile(hedge.afterPercentile, hedgeCallsLeast)
    if (afterMs === null) return sending
    const timer = setTimeout(() => {
      if (!relay.isWaiting || hedge.hedged + 1 > hedge.maxShare * hedge.calls) return
      hedge.hedged += 1
      const apart = [...(this.#tried ?? [instance])]
      void this.#answerFrom(this.#parts.copies.hedge(this.#exchange, apart), relay)
    }, afterMs)
    try {
      return await sending
    } finally {
      clearTimeout(timer)
    }
  }

  async #answerFrom(hedge: Promise<CopyAnswer | null>, relay: Relay): Promise<void> {
    const answer = await hedge
    if (answer === null || answer.status === null || answer.body === null) return
    try {
      relay.answerWith(answer.status, answer.headers, answer.body)
    } catch (error) {
      // The first try is still under way, and is the answer then.
      this.#parts.log.warn(
        { id: this.#sending.call.id, error: error instanceof Error ? error.name : '' },
        'hedge_failed',
      )
    }
  }

  /** No member is left. @throws Refusal when none was sent the call. */
  async conclude(): Promise<Relayed> {
    const relay = this.#relay
    if (relay === null) throw this.#refusal()
    const relayed = await relay.conclude()
    if (relayed === null) throw new TypeError('a relay concludes with an ending')
    noteInstance(this.#exchange, relay.instance)
    return relayed
  }

  /** Another member could be tried after the one that is tried now. */
  #mayReplay(): boolean {
    if (this.#pinned !== null && this.#loose === null) return false
    return this.#sent < this.#target.attemptsMax && this.#candidates.all.length > (this.#tried?.length ?? 0)
  }

  #credential(instance: Instance): CredentialHeader | null | Promise<CredentialHeader | null> {
    const header = signIn(instance, this.#exchange.token)
    return header instanceof Promise ? header.catch(error => this.#withoutCredential(error)) : header
  }

  #withoutCredential(error: unknown): null {
    if (!(error instanceof Refusal)) throw error
    this.#lacksCredential = error
    return null
  }

  async #open(): Promise<Relay> {
    const exchange = this.#exchange
    const { call, asked } = this.#sending
    const { clock, totalMs } = this.#parts
    await openRecord(exchange, this.#parts)
    if (exchange.grant.workload.shadow.size > 0) this.#parts.copies.shadow(exchange)
    const creates = createsOf(exchange, this.#parts)
    const { limitHeaders } = exchange
    const { reading, readOnMs } = this.#parts.guards.unseen
    const isWorth = readOnMs > 0 && isWorthReading(exchange.route.operation)
    const readOn = isWorth ? { reading, forMs: readOnMs } : null
    this.#relay = new Relay({ call, asked, journal: this.#journal, clock, totalMs, limitHeaders, creates, readOn })
    return this.#relay
  }

  #refusal(): Refusal {
    const { workload } = this.#exchange.grant
    if (this.#denial !== null) return refusalOfDenial(this.#denial, workload.name, this.#parts.prices.currency)
    if (this.#lacksCredential !== null) return this.#lacksCredential
    const hints = { nowMs: this.#parts.clock(), tried: this.#tried, prefixHash: -1 }
    const waitMs = Math.max(1, shortestWaitMs(this.#candidates, hints) ?? 1)
    const details = {
      target: this.#target.name,
      deployment: this.#sending.asked.deployment ?? '',
      seconds: Math.ceil(waitMs / 1_000),
    }
    const { all } = this.#candidates
    if (all.every(({ lane }) => lane.breaker.reason === 'credential_refused')) {
      return new Refusal('credential_refused', { instance: all[0]?.instance.name ?? '' }, { retryAfterMs: waitMs })
    }
    const isThrottled = all.some(({ lane }) => lane.isThrottled)
    return new Refusal(isThrottled ? 'pool_exhausted' : 'pool_unavailable', details, { retryAfterMs: waitMs })
  }
}

function sooner(one: Denial, other: Denial | null): Denial {
  return other === null || one.retryAfterMs < other.retryAfterMs ? one : other
}
