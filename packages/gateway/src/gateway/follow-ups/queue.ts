/** The open debts of background work: when to ask about each, and which of them an exchange may charge. */
import type { Clock } from '../../clock.ts'
import { codeOf } from '../../errors.ts'
import { callerWithoutToken } from '../../identity/index.ts'
import type { KeptReservation, Limits, Spent } from '../../limits/index.ts'
import type { Debt, SharedDebts } from '../../objects/index.ts'
import type { UsageSource } from '../../wire/usage.ts'
import { GivenUp } from '../backend/failures.ts'
import { concludeUnknown } from '../endings.ts'
import type { FollowUp } from '../exchange.ts'
import { BatchAnswers } from './answers.ts'
import { type AskOptions, askForEnd, exchangeOf } from './ask.ts'
import type { FollowUpGateway } from './gateway.ts'
import type { ClaimedDebt, FollowUpFigures, FollowUpSettings, FollowUps } from './index.ts'

export interface FollowUpsParts {
  readonly limits: Pick<Limits, 'hold'>
  /** Null where replicas share no debts. */
  readonly debts: SharedDebts | null
  readonly newId: () => string
  readonly clock: Clock
  /** 0..1, 1 excluded: spreads the follow-ups over time. */
  readonly random: () => number
  readonly settings: () => FollowUpSettings
  /** Cost of a debt's bound, for limits on cost; 0 where no price is known. */
  readonly costNanoOf: (debt: Debt) => number
}

interface OpenDebt {
  debt: Debt
  readonly kept: KeptReservation | null
  nextAtMs: number
  pauseMs: number
  /** Answers that showed an end without usage, or no object. Two of them are believed. */
  silentEnds: number
  /** The file with a batch's answers, if it is to be read next. */
  answersFile: string | null
  answersAttempts: number
  /** The follow-up in flight, or the charge at its bound. */
  asking: Promise<void> | null
  isBeingClaimed: boolean
}

/** Time between two looks for due follow-ups, in ms. */
const lookEveryMs = 500
/**
 * Time between two reports to the replicas about the debts that this process looks after. Well below the time after
 * which they take them over. In ms.
 */
const tendEveryMs = 60_000
/** Debts in memory, about 1 KB each. When there are more, the oldest is charged at its bound. */
const openMax = 50_000
const silentEndsMax = 2
const answersAttemptsMax = 3
/**
 * Longest time for the GET of an object, in ms. It usually takes a fraction of a second; one that hangs must not block
 * other follow-ups.
 */
const answerMsMax = 30_000
/** Longest time for a file of answers, which may have hundreds of megabytes. In ms. */
const fileMsMax = 600_000

export class FollowUpQueue implements FollowUps {
  readonly #parts: FollowUpsParts
  readonly #open = new Map<string, OpenDebt>()
  readonly #inFlight = new Set<Promise<void>>()
  /** Follow-ups that were sent and not yet answered. */
  readonly #requests = new Set<{ giveUp(reason: GivenUp): void }>()
  #gateway: FollowUpGateway | null = null
  #timer: NodeJS.Timeout | null = null
  #tendAtMs = 0
  #isClosing = false
  #asked = 0
  #reported = 0
  #bounded = 0

  constructor(parts: FollowUpsParts) {
    this.#parts = parts
  }

  /** Takes the parts of the current configuration. Follow-ups begin with the first call. */
  use(gateway: FollowUpGateway): void {
    this.#gateway = gateway
    this.#timer ??= setInterval(() => this.look(), lookEveryMs).unref()
  }

  get figures(): FollowUpFigures {
    return { open: this.#open.size, asked: this.#asked, reported: this.#reported, bounded: this.#bounded }
  }

  openDebt(objectId: string): Debt | null {
    return this.#open.get(objectId)?.debt ?? null
  }

  add(debt: Debt, kept: KeptReservation | null): void {
    const known = this.#open.get(debt.objectId)
    // An instance gave the same id twice, or recovery found the call that is still in flight: one debt, and nothing
    // stays reserved for ever.
    if (known !== undefined) {
      kept?.settle(nothingMore)
      return
    }
    const { first } = this.#parts.settings()
    this.#open.set(debt.objectId, {
      debt,
      kept,
      nextAtMs: this.#parts.clock() + this.#spread(first),
      pauseMs: first,
      silentEnds: 0,
      answersFile: null,
      answersAttempts: 0,
      asking: null,
      isBeingClaimed: false,
    })
    this.#parts.debts?.add(debt)
    this.#makeRoom()
  }

  raiseBound(objectId: string, completionTokens: number): void {
    const open = this.#open.get(objectId)
    if (open === undefined || open.debt.bound.completionTokens >= completionTokens) return
    open.debt = { ...open.debt, bound: { ...open.debt.bound, completionTokens } }
  }

  /** Takes debts of an earlier process, or of a replica that is gone. */
  takeOver(debts: readonly Debt[]): void {
    for (const debt of debts) {
      if (this.#open.has(debt.objectId)) continue
      const { promptTokens, completionTokens } = debt.bound
      this.add(debt, this.#hold(debt, promptTokens + completionTokens, this.#parts.costNanoOf(debt)))
    }
  }

  async claim(objectId: string): Promise<ClaimedDebt | null> {
    const open = this.#open.get(objectId) ?? null
    const { debts } = this.#parts
    if (debts === null) return open === null ? null : this.#take(open)
    if (open?.isBeingClaimed === true) return null
    if (open !== null) open.isBeingClaimed = true
    const answer = await debts.claim(objectId, open !== null)
    if (open !== null) open.isBeingClaimed = false
    if (answer === 'paid' && open !== null) this.#forget(open)
    if (answer === 'own') return open === null ? null : this.#take(open)
    if (typeof answer === 'string') return null
    return open === null ? { debt: answer, kept: null } : this.#take(open)
  }

  charge({ debt, kept }: ClaimedDebt, spent: Spent): void {
    const charged = kept ?? this.#hold(debt, 0, 0)
    const total = (spent.promptTokens ?? 0) + (spent.completionTokens ?? 0)
    // The gateway has not seen the prompt of a batch: the estimate of later batches learns from the total.
    const isLearned = debt.kind === 'batch' && spent.promptTokens !== null
    charged?.settle(isLearned ? { ...spent, promptTokens: 0, completionTokens: total } : spent)
  }

  recorded({ debt }: ClaimedDebt, source: UsageSource): void {
    if (source === 'reported') this.#reported += 1
    if (source === 'bounded') this.#bounded += 1
    this.#parts.debts?.paid(debt.objectId)
  }

  noteSilentEnd(objectId: string): boolean {
    const open = this.#open.get(objectId)
    if (open === undefined) return false
    open.silentEnds += 1
    return open.silentEnds >= silentEndsMax
  }

  queueAnswersFile(objectId: string, file: string): boolean {
    const open = this.#open.get(objectId)
    if (open === undefined || open.answersAttempts >= answersAttemptsMax) return false
    open.answersFile = file
    return true
  }

  /**
   * Starts the follow-ups that are due, at most `atOnce` at a time. Called by the timer, and by tests with a clock of
   * their own.
   */
  look(): void {
    const nowMs = this.#parts.clock()
    const { atOnce } = this.#parts.settings()
    if (this.#isClosing || this.#gateway === null) return
    if (nowMs >= this.#tendAtMs) this.#tend(nowMs)
    for (const open of this.#open.values()) {
      if (this.#inFlight.size >= atOnce) return
      if (open.nextAtMs <= nowMs && open.asking === null) this.#start(open, '')
    }
  }

  async askNow(objectId: string, token: string): Promise<void> {
    const open = this.#open.get(objectId) ?? (await this.#ofReplica(objectId))
    if (open === null || this.#isClosing) return
    await (open.asking ?? this.#start(open, token))
  }

  /** Takes over the debt of an object that another replica looks after. */
  async #ofReplica(objectId: string): Promise<OpenDebt | null> {
    const debt = (await this.#parts.debts?.find(objectId)) ?? null
    if (debt === null) return null
    this.takeOver([debt])
    return this.#open.get(objectId) ?? null
  }

  /** Resolves when the follow-ups that are in flight now have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight)
  }

  /** Cancels the follow-ups in flight. The next start finds the open debts in the ledger. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#timer !== null) clearInterval(this.#timer)
    for (const request of this.#requests) request.giveUp(new GivenUp('shutdown'))
    await this.settled()
  }

  #start(open: OpenDebt, token: string): Promise<void> {
    return this.#run(open, this.#follow(open, token))
  }

  /** Does work about a debt that has no other work in flight. */
  #run(open: OpenDebt, work: Promise<void>): Promise<void> {
    const running = work
      .catch(error => {
        this.#gateway?.log.warn(
          { requestId: open.debt.recordId, code: codeOf(error) ?? 'internal_error' },
          'follow_up_failed',
        )
      })
      .finally(() => {
        open.asking = null
        this.#inFlight.delete(running)
      })
    open.asking = running
    this.#inFlight.add(running)
    return running
  }

  async #follow(open: OpenDebt, token: string): Promise<void> {
    const { clock, settings, debts, newId } = this.#parts
    const gateway = this.#gateway
    if (gateway === null) return
    const { debt } = open
    const nowMs = clock()
    const { every, longest } = settings()
    if ((await debts?.isPaid(debt.objectId)) === true) {
      this.#forget(open)
      return
    }
    if (nowMs - debt.startedAtMs >= longest) {
      await this.#giveUp(open, gateway)
      return
    }
    open.pauseMs = Math.min(open.pauseMs * 2, every)
    // The last follow-up is sent when the time is over, not one pause later.
    open.nextAtMs = Math.min(nowMs + this.#spread(open.pauseMs), debt.startedAtMs + longest)
    await this.#ask(exchangeOf(debt, newId(), gateway), { token, observer: null, answerMsMax }, gateway)
    const { answersFile } = open
    if (answersFile === null) return
    open.answersFile = null
    open.answersAttempts += 1
    const reading = exchangeOf(debt, newId(), gateway, answersFile)
    await this.#ask(reading, { token, observer: new BatchAnswers(), answerMsMax: fileMsMax }, gateway)
  }

  async #ask(
    exchange: FollowUp,
    { token, ...how }: { readonly token: string } & Omit<AskOptions, 'begun'>,
    gateway: FollowUpGateway,
  ): Promise<void> {
    let request: { giveUp(reason: GivenUp): void } | null = null
    const begun = (one: { giveUp(reason: GivenUp): void }): void => {
      request = one
      this.#requests.add(one)
      this.#asked += 1
      if (this.#isClosing) one.giveUp(new GivenUp('shutdown'))
    }
    try {
      await askForEnd(exchange, token, gateway, { ...how, begun })
    } finally {
      if (request !== null) this.#requests.delete(request)
    }
  }

  async #giveUp(open: OpenDebt, gateway: FollowUpGateway): Promise<void> {
    const claimed = await this.claim(open.debt.objectId)
    if (claimed === null) {
      open.nextAtMs = this.#parts.clock() + this.#spread(this.#parts.settings().every)
      return
    }
    const exchange = exchangeOf(open.debt, this.#parts.newId(), gateway)
    await concludeUnknown(exchange, claimed, gateway)
  }

  /** Half of the pause is fixed, the rest is random: work that began together is not asked about together. */
  #spread(pauseMs: number): number {
    return pauseMs * (0.5 + this.#parts.random() / 2)
  }

  #take(open: OpenDebt): ClaimedDebt {
    this.#open.delete(open.debt.objectId)
    return { debt: open.debt, kept: open.kept }
  }

  /** Another replica has charged it. */
  #forget(open: OpenDebt): void {
    this.#open.delete(open.debt.objectId)
    this.#parts.debts?.forget(open.debt.objectId)
    open.kept?.settle(nothingMore)
  }

  #hold(debt: Debt, tokens: number, costNano: number): KeptReservation | null {
    const { workload, deployment, instance, servedDeployment, startedAtMs } = debt
    const subject = { caller: callerWithoutToken(debt.caller), workload, deployment }
    return this.#parts.limits.hold({ ...subject, instance, servedDeployment, tokens, costNano, atMs: startedAtMs })
  }

  #tend(nowMs: number): void {
    this.#tendAtMs = nowMs + tendEveryMs
    const { debts } = this.#parts
    if (debts === null) return
    debts.renew([...this.#open.keys()], nowMs)
    const adopting = debts
      .orphans(nowMs)
      .then(found => this.takeOver(found))
      .finally(() => this.#inFlight.delete(adopting))
    this.#inFlight.add(adopting)
  }

  #makeRoom(): void {
    if (this.#open.size <= openMax || this.#gateway === null) return
    const [oldest] = this.#open.values()
    if (oldest === undefined || oldest.asking !== null) return
    void this.#run(oldest, this.#giveUp(oldest, this.#gateway))
  }
}

const nothingMore: Spent = { tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null }
