/**
 * Copies: calls that the gateway sends by itself beside a client's. A shadow goes to another deployment and its answer is discarded; a
 * hedge goes to another member when the first is slow. Each is an exchange of its own: with an id, a lease, a record that names the
 * call of which it is a copy, and a line in the instance's bill under its own id. None delays or fails the client's call.
 */
import { choose } from '../../instances/choose.ts'
import type { Instance } from '../../instances/index.ts'
import { type Candidate, candidatesFor, type Target } from '../../instances/pool.ts'
import { nothingSpent } from '../../limits/index.ts'
import { admit } from '../admit/index.ts'
import type { WholeAnswer } from '../backend/answer-head.ts'
import { GivenUp } from '../backend/failures.ts'
import { requestFor } from '../backend/request.ts'
import { signIn } from '../backend/sign-in.ts'
import { additionsTo, sendingFor } from '../dispatch/additions.ts'
import { conclude } from '../endings.ts'
import {
  type Admitted,
  type Exchange,
  type Located,
  newExchange,
  noteCaller,
  noteGrant,
  noteHome,
  noteInstance,
  noteRequest,
  noteRoute,
  type Received,
} from '../exchange.ts'
import type { CopyParts, CopySender, GatewayParts } from '../parts.ts'
import { openRecord } from '../record/open.ts'
import { Refusal } from '../refusals.ts'
import { Unattended } from '../relay/unattended.ts'
import type { Relayed } from '../relayed.ts'

/** Copies at once; further ones are not sent. */
const atOnceMax = 256

export interface CopiesParts {
  readonly newId: () => string
  /** 0..1, 1 excluded. */
  readonly random: () => number
}

/** What a copy is of, and where it goes. */
interface Order {
  readonly kind: 'shadow' | 'hedge'
  readonly target: Target
  readonly deployment: string
  /** Instances that must not serve it. */
  readonly apart: readonly Instance[] | null
}

export class Copies {
  readonly #parts: CopiesParts
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #inFlight = new Set<Unattended>()
  #isClosing = false

  constructor(parts: CopiesParts) {
    this.#parts = parts
  }

  /** The parts with a sender of copies that uses the same parts: a reload replaces both. */
  into(parts: CopyParts): GatewayParts {
    const copies: CopySender = {
      shadow: exchange => this.#shadow(exchange, parts),
      hedge: (exchange, apart) => this.#hedge(exchange, apart, parts),
    }
    return { ...parts, copies }
  }

  /** A copy of the call, where the workload wants one. Calls that make or use stored objects are not copied, nor are streamed uploads. */
  #shadow(exchange: Received, parts: CopyParts): void {
    const { grant, asked, route } = exchange
    if (asked.deployment === null) return
    const to = grant.workload.shadow.get(asked.deployment)
    if (to === undefined || !(asked.send instanceof Buffer)) return
    if (route.operation.creates !== null || asked.keeps !== null || asked.references.length > 0) return
    if (this.#parts.random() >= to.share) return
    const target = to.target ?? grant.target
    this.#start(exchange, { kind: 'shadow', target, deployment: to.deployment, apart: null }, parts)
  }

  /**
   * The same call to another member.
   * @returns its answer when it is one that a client can use; null otherwise. Never rejects.
   */
  #hedge(exchange: Received, apart: readonly Instance[], parts: CopyParts): Promise<WholeAnswer | null> {
    const { grant, asked } = exchange
    if (asked.deployment === null) return Promise.resolve(null)
    return this.#start(exchange, { kind: 'hedge', target: grant.target, deployment: asked.deployment, apart }, parts)
  }

  /** Resolves when the copies that are under way now have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  /** Gives up what is under way. Every copy that was sent is recorded. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const copy of this.#inFlight) copy.giveUp(new GivenUp('shutdown'))
    await this.settled()
  }

  #start(exchange: Received, order: Order, parts: CopyParts): Promise<WholeAnswer | null> {
    // A copy never takes the place of a call that waits.
    if (this.#isClosing || this.#underWay.size >= atOnceMax || parts.limits.line.length > 0)
      return Promise.resolve(null)
    const { promise, resolve } = Promise.withResolvers<WholeAnswer | null>()
    const running = this.#run(exchange, order, parts, resolve)
      .catch(error => parts.log.warn({ id: exchange.call.id, copy: order.kind, code: codeOf(error) }, 'copy_failed'))
      .finally(() => {
        resolve(null)
        this.#underWay.delete(running)
      })
    this.#underWay.add(running)
    return promise
  }

  /** @param answered Whoever waits for the answer does not wait for the record. */
  async #run(
    original: Received,
    order: Order,
    parts: CopyParts,
    answered: (answer: WholeAnswer | null) => void,
  ): Promise<void> {
    const copy = this.#copyOf(original, order, parts)
    let isConcluded = false
    try {
      const sent = await this.#send(await admit(copy, parts), order, parts)
      if (sent === null) return
      const relayed = await sent.relayed
      this.#inFlight.delete(sent.copy)
      answered(sent.copy.usable(relayed))
      isConcluded = true
      await conclude(copy, relayed, parts)
    } catch (error) {
      // No room, no credential: a copy is then not sent, and nobody is the worse for it.
      if (!(error instanceof Refusal) || copy.opened !== null) throw error
    } finally {
      if (!isConcluded) copy.lease?.settle(nothingSpent)
    }
  }

  /** @returns null when no member can take it now. */
  async #send(
    exchange: Admitted,
    order: Order,
    parts: CopyParts,
  ): Promise<{ readonly copy: Unattended; readonly relayed: Promise<Relayed> } | null> {
    const { route, asked, lease } = exchange
    const candidate = memberFor(order, parts.clock())
    if (candidate === null) return null
    const { instance, lane } = candidate
    const attempt = lane.begin(parts.clock())
    let isSent = false
    try {
      const credential = await signIn(instance, exchange.token)
      if (lease !== null && (await lease.enter(instance.name, lane.deployment)) !== null) return null
      noteInstance(exchange, instance)
      await openRecord(exchange, parts)
      const call = {
        call: exchange.call,
        route,
        asked,
        target: order.target,
        forwards: exchange.plan.forwards,
        workload: null,
      }
      const sending = sendingFor(call, lane)
      const copy = new Unattended({
        call: exchange.call,
        asked: sending.asked,
        clock: parts.clock,
        answerMsMax: parts.totalMs,
        observer: null,
      })
      const request = requestFor(sending, candidate, credential, null)
      isSent = true
      this.#inFlight.add(copy)
      if (this.#isClosing) copy.giveUp(new GivenUp('shutdown'))
      return { copy, relayed: copy.send(request, candidate, attempt, additionsTo(sending, candidate, false)) }
    } finally {
      if (!isSent) attempt.withdraw(parts.clock())
    }
  }

  #copyOf(original: Received, { kind, target, deployment }: Order, parts: CopyParts): Located {
    const { call, route, caller, token, grant, asked } = original
    const ownCall = {
      ...call,
      id: this.#parts.newId(),
      startedAtMs: parts.clock(),
      // A copy has no client.
      res: null,
      watch: { deadlineAt: Number.POSITIVE_INFINITY, subject: null },
    }
    const copy: Exchange = newExchange(ownCall, original, { of: call.id, kind })
    noteRoute(copy, route)
    noteCaller(copy, caller, token)
    noteGrant(copy, { ...grant, target })
    noteRequest(copy, { ...asked, deployment })
    // A copy chooses its member by itself, and the call that it copies looks after the debt.
    noteHome(copy, null, null)
    return copy
  }
}

function memberFor({ target, deployment, apart }: Order, nowMs: number): Candidate | null {
  const candidates = candidatesFor(target, deployment)
  return candidates === null ? null : choose(target, candidates, { nowMs, tried: apart, prefixHash: -1 })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'internal_error'
}
