/**
 * Copies: calls that the gateway sends in addition to a client's call. A shadow goes to another deployment, and its
 * answer is discarded. A hedge goes to another member when the first one is slow. Each copy is an exchange: it has an
 * id, a lease, a record that names the copied call, and a line in the instance's bill. No copy delays or fails the
 * client's call.
 */
import { codeOf } from '../../errors.ts'
import { choose } from '../../instances/choose.ts'
import type { Instance } from '../../instances/index.ts'
import { type Candidate, candidatesFor, type Target } from '../../instances/pool.ts'
import { nothingSpent } from '../../limits/index.ts'
import type { WholeAnswer } from '../backend/answer-head.ts'
import { bodyFor } from '../backend/body.ts'
import { GivenUp } from '../backend/failures.ts'
import { requestFor } from '../backend/request.ts'
import { noCuts } from '../backend/sending.ts'
import { signIn } from '../backend/sign-in.ts'
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
import { Refusal } from '../refusals.ts'
import type { Relayed } from '../relayed.ts'
import { admit } from '../stages/6-admit/index.ts'
import { additionsTo, sendingFor } from '../stages/7-dispatch/additions.ts'
import { suitedTo } from '../stages/7-dispatch/suited.ts'
import { Unattended } from '../stages/8-relay/unattended.ts'
import { openRecord } from '../stages/9-record/open.ts'
import { aboutCall, sentTrace } from '../trace.ts'

/** Most copies in flight; further ones are not sent. */
const atOnceMax = 256

export interface CopiesParts {
  readonly newId: () => string
  /** 0..1, 1 excluded. */
  readonly random: () => number
}

/** The kind of a copy, and where it goes. */
interface CopyOrder {
  readonly kind: 'shadow' | 'hedge'
  readonly target: Target
  readonly deployment: string
  /** Instances that must not serve it. */
  readonly apart: readonly Instance[] | null
}

export class Copies {
  readonly #parts: CopiesParts
  /** Copies until their records are written. */
  readonly #running = new Set<Promise<unknown>>()
  /** Copies until their answers have ended. */
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

  /**
   * Copies the call if its workload asks for it. Calls that create or use stored objects are not copied, nor are
   * streamed uploads.
   */
  #shadow(exchange: Received, parts: CopyParts): void {
    const { grant, request, route } = exchange
    if (request.deployment === null) return
    const to = grant.workload.shadow.get(request.deployment)
    if (to === undefined || !(request.send instanceof Buffer)) return
    if (route.operation.creates !== null || request.keeps !== null || request.references.length > 0) return
    if (this.#parts.random() >= to.share) return
    const target = to.target ?? grant.target
    this.#start(exchange, { kind: 'shadow', target, deployment: to.deployment, apart: null }, parts)
  }

  /**
   * Sends the same call to another member. Never rejects.
   * @returns an answer that the client can use; null when there is none.
   */
  #hedge(exchange: Received, apart: readonly Instance[], parts: CopyParts): Promise<WholeAnswer | null> {
    const { grant, request } = exchange
    if (request.deployment === null) return Promise.resolve(null)
    return this.#start(exchange, { kind: 'hedge', target: grant.target, deployment: request.deployment, apart }, parts)
  }

  /** Resolves when the copies that are in flight now have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** Aborts all copies. Every copy that was sent is recorded. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const copy of this.#inFlight) copy.giveUp(new GivenUp('shutdown'))
    await this.settled()
  }

  #start(exchange: Received, order: CopyOrder, parts: CopyParts): Promise<WholeAnswer | null> {
    // A copy must not take the place of a call that waits.
    if (this.#isClosing || this.#running.size >= atOnceMax || parts.limits.line.length > 0) return Promise.resolve(null)
    const { promise, resolve } = Promise.withResolvers<WholeAnswer | null>()
    const running = this.#run(exchange, order, parts, resolve)
      .catch(error =>
        parts.log.warn(
          { ...aboutCall(exchange), copy: order.kind, code: codeOf(error) ?? 'internal_error' },
          'copy_failed',
        ),
      )
      .finally(() => {
        resolve(null)
        this.#running.delete(running)
      })
    this.#running.add(running)
    return promise
  }

  /** @param answered called when the answer has come, before the record is written. */
  async #run(
    original: Received,
    order: CopyOrder,
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
      // Without room in a limit or without a credential a copy is not sent, which harms no call.
      if (!(error instanceof Refusal) || copy.opened !== null) throw error
    } finally {
      if (!isConcluded) copy.lease?.settle(nothingSpent)
    }
  }

  /** @returns null when no member takes calls now. */
  async #send(
    exchange: Admitted,
    order: CopyOrder,
    parts: CopyParts,
  ): Promise<{ readonly copy: Unattended; readonly relayed: Promise<Relayed> } | null> {
    const { route, request, lease } = exchange
    const candidate = memberFor(exchange, order, parts.clock())
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
        request,
        target: order.target,
        forwards: exchange.plan.forwards,
        workload: null,
        cuts: noCuts,
        trace: sentTrace(exchange),
      }
      const sending = sendingFor(call, lane)
      const copy = new Unattended({
        call: exchange.call,
        request: sending.request,
        clock: parts.clock,
        answerMsMax: parts.totalMs,
        observer: null,
      })
      const outgoing = requestFor(sending, candidate, credential, bodyFor(sending, candidate))
      isSent = true
      this.#inFlight.add(copy)
      if (this.#isClosing) copy.giveUp(new GivenUp('shutdown'))
      return { copy, relayed: copy.send(outgoing, candidate, attempt, additionsTo(sending, candidate, false)) }
    } finally {
      if (!isSent) attempt.withdraw(parts.clock())
    }
  }

  #copyOf(original: Received, { kind, target, deployment }: CopyOrder, parts: CopyParts): Located {
    const { call, route, caller, token, grant, request } = original
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
    noteRequest(copy, { ...request, deployment })
    // A copy chooses its member by itself, and the call that it copies looks after the debt.
    noteHome(copy, null, null)
    return copy
  }
}

/** @throws Refusal call_unsuited */
function memberFor(exchange: Admitted, { target, deployment, apart }: CopyOrder, nowMs: number): Candidate | null {
  const having = candidatesFor(target, deployment)
  if (having === null) return null
  return choose(target, suitedTo(having, exchange, target), { nowMs, tried: apart, prefixHash: -1 })
}
