/**
 * Sends one call to the members of its target, one after the other, with a credential, room in limits and an open
 * record.
 */
import type { CredentialHeader } from '../../../instances/credentials.ts'
import type { Instance } from '../../../instances/index.ts'
import type { Candidate } from '../../../instances/pool.ts'
import type { Journal } from '../../../ledger/index.ts'
import type { Denial } from '../../../limits/index.ts'
import type { PriceBook } from '../../../prices/index.ts'
import type { LooseBody } from '../../../wire/loose.ts'
import { bodyFor } from '../../backend/body.ts'
import { requestFor } from '../../backend/request.ts'
import { noCuts, type Sending } from '../../backend/sending.ts'
import { signIn } from '../../backend/sign-in.ts'
import { type Admitted, noteInstance } from '../../exchange.ts'
import type { GatewayParts } from '../../parts.ts'
import { Refusal } from '../../refusals.ts'
import type { Relayed } from '../../relayed.ts'
import { aboutCall, sentTrace } from '../../trace.ts'
import type { BodyHold } from '../4-receive/budget.ts'
import { madeOf, refusalOfDenial } from '../6-admit/refusals.ts'
import { Attempts, type Retry } from '../8-relay/attempts.ts'
import { ClientOutgoing } from '../8-relay/client.ts'
import { Discarded } from '../8-relay/discarded.ts'
import { isWorthReading } from '../8-relay/read-on.ts'
import { type OpenRecordParts, openRecord } from '../9-record/open.ts'
import type { Unseen } from '../9-record/unseen.ts'
import { additionsTo, sendingFor, withoutRefused } from './additions.ts'
import { createsOf } from './creates.ts'
import { hedgeAfterMs, hedged } from './hedge.ts'
import type { TargetMembers } from './members.ts'
import { lineKey, type WaitingParts, waitInLine } from './waiting.ts'

/** The parts that sending a call needs. */
export interface SenderParts
  extends OpenRecordParts,
    WaitingParts,
    Pick<GatewayParts, 'receiveLimits' | 'log' | 'copies' | 'objects' | 'totalMs'> {
  readonly prices: Pick<PriceBook, 'currency'>
  readonly guards: { readonly unseen: Pick<Unseen, 'reading' | 'readOnMs'> }
}

export class Sender {
  readonly #exchange: Admitted
  readonly #sending: Sending
  readonly #members: TargetMembers
  /** What other members than the home of the call get without; null where all members get the same body. */
  readonly #loose: LooseBody | null
  readonly #hold: BodyHold
  /** Bytes held for the body in the form in which it is sent; 0 while that is the form in which it came. */
  #changedBytes = 0
  readonly #parts: SenderParts
  readonly #journal: Journal | null
  #attempts: Attempts | null = null
  #denial: Denial | null = null
  #lacksCredential: Refusal | null = null

  constructor(exchange: Admitted, members: TargetMembers, hold: BodyHold, parts: SenderParts) {
    const { call, route, request, grant } = exchange
    const { target, workload } = grant
    this.#exchange = exchange
    this.#sending = {
      ...{ call, route, request, target, workload },
      forwards: exchange.plan.forwards,
      cuts: noCuts,
      trace: sentTrace(exchange),
    }
    this.#members = members
    this.#loose = exchange.home?.loose ?? null
    this.#hold = hold
    this.#parts = parts
    this.#journal = workload.capture === 'full' ? parts.journal : null
  }

  /**
   * The member to try first; null when no member takes calls now, or when other calls wait for the next one that does.
   */
  first(): Candidate | null {
    const { line } = this.#parts.limits
    const { grant, request } = this.#exchange
    if (line.length > 0 && !this.#members.hasHome) {
      if (line.isAwaited([lineKey(grant.target.name, request.deployment)], grant.workload.priority)) return null
    }
    return this.next()
  }

  /** The next member to try; null when none is left, or none may be tried now. */
  next(): Candidate | null {
    return this.#members.next(this.#attempts)
  }

  /**
   * No member takes calls now. The call queues when that is worth it. Where there is only one member, the call is sent
   * to it anyway: its own answer says more than a refusal of the gateway.
   */
  async wait(): Promise<Candidate | null> {
    const found = await waitInLine(this.#exchange, this.#members.candidates, this.#parts, () => this.next())
    return found ?? this.next() ?? this.#members.only
  }

  /**
   * @returns null when another member may be tried: this one has no room, no credential or no such operation, or it
   *   refused the call.
   */
  async send(candidate: Candidate): Promise<Relayed | null> {
    // Before anything else, so that only one of several calls becomes the probe of a lane that is out of use.
    const attempt = candidate.lane.begin(this.#parts.clock())
    this.#members.choose(candidate)
    let header: CredentialHeader | null
    let attempts: Attempts
    let call: Sending
    let body: Buffer | null
    try {
      const credential = this.#credential(candidate.instance)
      header = credential instanceof Promise ? await credential : credential
      if (this.#sending.request.send === 'upload' && (await this.#lacksOperation(candidate))) header = null
      const room = header !== null && this.#hasRoom(candidate)
      if (header === null || !(room instanceof Promise ? await room : room)) {
        attempt.withdraw(this.#parts.clock())
        return null
      }
      call = sendingFor(this.#sendingTo(candidate.instance), candidate.lane)
      body = bodyFor(call, candidate)
      if (!this.#holds(body)) {
        attempt.withdraw(this.#parts.clock())
        return null
      }
      noteInstance(this.#exchange, candidate.instance)
      attempts = this.#attempts ?? (await this.#open())
    } catch (error) {
      attempt.withdraw(this.#parts.clock())
      throw error
    }
    this.#members.send()
    const upload = { journal: this.#journal, limits: this.#parts.receiveLimits, relay: attempts }
    const sending = attempts.send({
      request: requestFor(call, candidate, header, call.request.send === 'upload' ? upload : body, attempts.made),
      candidate,
      attempt,
      added: additionsTo(call, candidate, false),
      mayReplay: this.#members.mayReplay,
      accepted: null,
    })
    const { hedge } = this.#sending.target
    const afterMs = hedge === null ? null : hedgeAfterMs(hedge, this.#sending, candidate)
    let result = await (hedge === null || afterMs === null
      ? sending
      : hedged(sending, { ...this.#hedging(attempts), hedge, afterMs }))
    if (isRefusedAddition(result)) result = await this.#sendOtherwise(call, candidate, header, attempts, result)
    const { line } = this.#parts.limits
    if (line.length > 0) line.nudge()
    if (typeof result === 'string') return null
    noteInstance(this.#exchange, attempts.instance)
    return result
  }

  /**
   * Takes room for a body that is not sent as it came, in addition to the one that came.
   * @returns false when there is none and an earlier member's answer can be the client's.
   * @throws Refusal bodies_full before the first attempt
   */
  #holds(body: Buffer | null): boolean {
    const bytes = body === null || body === this.#sending.request.send ? 0 : body.length
    if (bytes <= this.#changedBytes) return true
    try {
      this.#hold.take(bytes - this.#changedBytes)
    } catch (error) {
      if (this.#attempts === null) throw error
      return false
    }
    this.#changedBytes = bytes
    return true
  }

  /** True when an upload would be lost on this member, and another one may take it. */
  async #lacksOperation({ instance }: Candidate): Promise<boolean> {
    const { route } = this.#sending
    if (!this.#members.mayReplay || route.operation.lists === null) return false
    return !(await instance.offers(instance.backend.path({ ...route.address, query: 'limit=1' }, null)))
  }

  #hedging(attempts: Attempts): Omit<Parameters<typeof hedged>[1], 'hedge' | 'afterMs'> {
    const { copies, log } = this.#parts
    const ask = () => copies.hedge(this.#exchange, [...this.#members.tried])
    return { attempts, ask, exchange: this.#exchange, log }
  }

  /** The call without the parts that this instance cannot read, where it may be sent without them. */
  #sendingTo({ name }: Instance): Sending {
    const cuts = this.#loose?.cutsFor(name) ?? noCuts
    if (cuts.length === 0) return this.#sending
    this.#parts.log.info({ ...aboutCall(this.#exchange), instance: name }, 'reasoning_dropped')
    return { ...this.#sending, cuts }
  }

  /** The member refused an addition of the gateway: it gets the call without the addition, or in another form. */
  async #sendOtherwise(
    refused: Sending,
    candidate: Candidate,
    header: CredentialHeader,
    attempts: Attempts,
    addition: Exclude<Retry, 'another_member'>,
  ): Promise<Relayed | Retry> {
    const { lane } = candidate
    const remembers: (() => void)[] = []
    const accepted = (): void => {
      for (const remember of remembers) remember()
    }
    let call = refused
    let wasRenamed = false
    let result: Relayed | Retry = addition
    // This ends: usage is left out once, the maximum is renamed once and left out once.
    while (isRefusedAddition(result)) {
      const other = withoutRefused(call, result, lane)
      call = other.sending
      wasRenamed ||= result === 'maximum'
      remembers.push(other.remember)
      result = await attempts.send({
        // It is hardly larger than the refused one, so it needs no further room.
        request: requestFor(call, candidate, header, bodyFor(call, candidate), attempts.made),
        candidate,
        attempt: lane.begin(this.#parts.clock()),
        added: additionsTo(call, candidate, wasRenamed),
        mayReplay: this.#members.mayReplay,
        accepted,
      })
    }
    return result
  }

  /** Reserves in the limits of the instance. Synchronous where the counters are. */
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

  #credential(instance: Instance): CredentialHeader | null | Promise<CredentialHeader | null> {
    const header = signIn(instance, this.#exchange.token)
    return header instanceof Promise ? header.catch(error => this.#withoutCredential(error)) : header
  }

  #withoutCredential(error: unknown): null {
    if (!(error instanceof Refusal)) throw error
    this.#lacksCredential = error
    return null
  }

  async #open(): Promise<Attempts> {
    const exchange = this.#exchange
    const { call, request, route } = this.#sending
    const { clock, totalMs, copies, guards } = this.#parts
    await openRecord(exchange, this.#parts)
    if (exchange.grant.workload.shadow.size > 0) copies.shadow(exchange)
    const { reading, readOnMs } = guards.unseen
    this.#attempts = new Attempts({
      call,
      request,
      outgoing: call.res === null ? new Discarded() : new ClientOutgoing(call.id, call.res, exchange.limitHeaders),
      journal: this.#journal,
      clock,
      totalMs,
      creates: createsOf(exchange, this.#parts),
      observer: null,
      readOn: readOnMs > 0 && isWorthReading(route.operation) ? { reading, forMs: readOnMs } : null,
      isJudged: true,
    })
    return this.#attempts
  }

  /** No member is left. @throws Refusal when the call was sent to none. */
  async conclude(): Promise<Relayed> {
    const attempts = this.#attempts
    if (attempts === null) throw this.#refusal()
    const relayed = await attempts.conclude()
    noteInstance(this.#exchange, attempts.instance)
    return relayed
  }

  #refusal(): Refusal {
    const { grant, lease } = this.#exchange
    if (this.#denial !== null) {
      const made = lease === null ? '' : madeOf(this.#exchange, lease.ask)
      return refusalOfDenial(this.#denial, grant.workload.name, this.#parts.prices.currency, made)
    }
    return this.#lacksCredential ?? this.#members.refusal(this.#sending.request.deployment ?? '')
  }
}

function isRefusedAddition(result: Relayed | Retry): result is Exclude<Retry, 'another_member'> {
  return typeof result === 'string' && result !== 'another_member'
}

function sooner(one: Denial, other: Denial | null): Denial {
  return other === null || one.retryAfterMs < other.retryAfterMs ? one : other
}
