/** The open debts of background work: when to ask about each, and which of them an exchange may charge. */
import type { Clock } from '../../clock.ts'
import { callerWithoutToken } from '../../identity/index.ts'
import type { KeptReservation, Limits, Spent } from '../../limits/index.ts'
import type { Debt, SharedDebts } from '../../objects/index.ts'
import type { UsageSource } from '../../wire/usage.ts'
import { GivenUp } from '../backend/failures.ts'
import { concludeUnknown } from '../endings.ts'
import type { FollowUp } from '../exchange.ts'
import { BatchAnswers } from './answers.ts'
import { type Asking, askForEnd, exchangeOf } from './ask.ts'
import type { FollowUpGateway } from './gateway.ts'
import type { Collected, FollowUpFigures, FollowUpSettings, FollowUps } from './index.ts'

export interface FollowUpsParts {
  readonly limits: Limits
  /** Null where replicas share nothing. */
  readonly debts: SharedDebts | null
  readonly newId: () => string
  readonly clock: Clock
  /** 0..1, 1 excluded: spreads the questions. */
  readonly random: () => number
  readonly settings: () => FollowUpSettings
  /** What a debt's bound costs, for limits on cost; 0 where no price is known. */
  readonly costNanoOf: (debt: Debt) => number
}

interface Open {
  debt: Debt
  readonly kept: KeptReservation | null
  nextAtMs: number
  pauseMs: number
  /** Answers that showed an end without usage, or no object: two of them are believed. */
  silent: number
  /** The file of a batch's answers, to be read next; null when there is none to read. */
  answersFile: string | null
  answersTries: number
  /** The question under way. */
  asking: Promise<void> | null
  isCollecting: boolean
}

/** Milliseconds between two looks at what is due. */
const lookEveryMs = 500
/** Between two words to replicas about what is looked after here. Well below the time after which they take it over. */
const tendEveryMs = 60_000
/** Debts in memory, some 1 KB each; beyond it the oldest is charged at its bound. */
const openMax = 50_000
const silentMax = 2
const answersTriesMax = 3
/** A GET of an object takes a fraction of a second; one that hangs must not keep others from being asked about. Milliseconds. */
const answerMsMax = 30_000
/** The same for a file of answers, which may have hundreds of megabytes. */
const fileMsMax = 600_000

export class FollowUpQueue implements FollowUps {
  readonly #parts: FollowUpsParts
  readonly #open = new Map<string, Open>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #drains = new Set<{ giveUp(reason: GivenUp): void }>()
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

  /** With what the gateway runs now; from the first time on, questions are asked. */
  use(gateway: FollowUpGateway): void {
    this.#gateway = gateway
    this.#timer ??= setInterval(() => this.look(), lookEveryMs).unref()
  }

  get figures(): FollowUpFigures {
    return { open: this.#open.size, asked: this.#asked, reported: this.#reported, bounded: this.#bounded }
  }

  /** The open debt of that object, as far as this process looks after it. */
  of(objectId: string): Debt | null {
    return this.#open.get(objectId)?.debt ?? null
  }

  /** @param kept what stays reserved for it; null where it met no limit. */
  owes(debt: Debt, kept: KeptReservation | null): void {
    const known = this.#open.get(debt.objectId)
    // An instance that gives an id twice, or a recovery beside the call itself: one debt, and nothing stays reserved for ever.
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
      silent: 0,
      answersFile: null,
      answersTries: 0,
      asking: null,
      isCollecting: false,
    })
    this.#parts.debts?.owes(debt)
    this.#makeRoom()
  }

  /** So much of the work's text has passed already: it is charged at no less. */
  raise(objectId: string, completionTokens: number): void {
    const open = this.#open.get(objectId)
    if (open === undefined || open.debt.bound.completionTokens >= completionTokens) return
    open.debt = { ...open.debt, bound: { ...open.debt.bound, completionTokens } }
  }

  /** Debts of a process before this one, or of a replica that is gone. */
  takeOver(debts: readonly Debt[]): void {
    for (const debt of debts) {
      if (this.#open.has(debt.objectId)) continue
      const { promptTokens, completionTokens } = debt.bound
      this.owes(debt, this.#hold(debt, promptTokens + completionTokens, this.#parts.costNanoOf(debt)))
    }
  }

  /**
   * The right to charge what the object owes, once for all replicas. Null when it owes nothing, somebody else charges it, or nobody can say now.
   * Never rejects.
   */
  async collect(objectId: string): Promise<Collected | null> {
    const open = this.#open.get(objectId) ?? null
    const { debts } = this.#parts
    if (debts === null) return open === null ? null : this.#take(open)
    if (open?.isCollecting === true) return null
    if (open !== null) open.isCollecting = true
    const answer = await debts.claim(objectId, open !== null)
    if (open !== null) open.isCollecting = false
    if (answer === 'paid' && open !== null) this.#forget(open)
    if (answer === 'own') return open === null ? null : this.#take(open)
    if (typeof answer === 'string') return null
    return open === null ? { debt: answer, kept: null } : this.#take(open)
  }

  /** Charges in limits what the work used: to its beginner's, as the call that began it would have been. */
  charge({ debt, kept }: Collected, spent: Spent): void {
    const charged = kept ?? this.#hold(debt, 0, 0)
    const total = (spent.promptTokens ?? 0) + (spent.completionTokens ?? 0)
    // Of a batch, whose prompt nobody has seen, the whole is what further ones are estimated by.
    const isLearned = debt.kind === 'batch' && spent.promptTokens !== null
    charged?.settle(isLearned ? { ...spent, promptTokens: 0, completionTokens: total } : spent)
  }

  /** The record with the charge is in the ledger. */
  recorded({ debt }: Collected, source: UsageSource): void {
    if (source === 'reported') this.#reported += 1
    if (source === 'bounded') this.#bounded += 1
    this.#parts.debts?.paid(debt.objectId)
  }

  /** An answer to a follow-up has shown an end without usage, or that the object is gone. @returns true when that is believed. */
  isSilent(objectId: string): boolean {
    const open = this.#open.get(objectId)
    if (open === undefined) return false
    open.silent += 1
    return open.silent >= silentMax
  }

  /** A batch has ended and does not say what it used: its answers do. @returns false when they have been read in vain. */
  readsAnswers(objectId: string, file: string): boolean {
    const open = this.#open.get(objectId)
    if (open === undefined || open.answersTries >= answersTriesMax) return false
    open.answersFile = file
    return true
  }

  /** Asks about everything that is due, as far as places allow. Called by the timer; tests that have their own time call it, too. */
  look(): void {
    const nowMs = this.#parts.clock()
    const { atOnce } = this.#parts.settings()
    if (this.#isClosing || this.#gateway === null) return
    if (nowMs >= this.#tendAtMs) this.#tend(nowMs)
    for (const open of this.#open.values()) {
      if (this.#underWay.size >= atOnce) return
      if (open.nextAtMs <= nowMs && open.asking === null) this.#start(open, '')
    }
  }

  /**
   * Asks about one object now and waits for the answer: it is about to be deleted, and nobody could say afterwards what it used.
   * @param token of the call that deletes it, for instances whose credential is `caller`.
   */
  async askNow(objectId: string, token: string): Promise<void> {
    const open = this.#open.get(objectId) ?? (await this.#ofReplica(objectId))
    if (open === null || this.#isClosing) return
    await (open.asking ?? this.#start(open, token))
  }

  /** The debt of an object that another replica looks after. */
  async #ofReplica(objectId: string): Promise<Open | null> {
    const debt = (await this.#parts.debts?.find(objectId)) ?? null
    if (debt === null) return null
    this.takeOver([debt])
    return this.#open.get(objectId) ?? null
  }

  /** Resolves when the questions that are under way now have been answered. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  /** Gives up the questions that are under way; what is owed is found in the ledger by the next start. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#timer !== null) clearInterval(this.#timer)
    for (const drain of this.#drains) drain.giveUp(new GivenUp('shutdown'))
    await this.settled()
  }

  #start(open: Open, token: string): Promise<void> {
    const running = this.#follow(open, token)
      .catch(error => {
        this.#gateway?.log.warn({ id: open.debt.recordId, code: codeOf(error) }, 'follow_up_failed')
      })
      .finally(() => {
        open.asking = null
        this.#underWay.delete(running)
      })
    open.asking = running
    this.#underWay.add(running)
    return running
  }

  async #follow(open: Open, token: string): Promise<void> {
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
    // The last question is asked when the time is over, not a pause later.
    open.nextAtMs = Math.min(nowMs + this.#spread(open.pauseMs), debt.startedAtMs + longest)
    await this.#ask(exchangeOf(debt, newId(), gateway), { token, observer: null, answerMsMax }, gateway)
    const { answersFile } = open
    if (answersFile === null) return
    open.answersFile = null
    open.answersTries += 1
    const reading = exchangeOf(debt, newId(), gateway, answersFile)
    await this.#ask(reading, { token, observer: new BatchAnswers(), answerMsMax: fileMsMax }, gateway)
  }

  async #ask(
    exchange: FollowUp,
    { token, ...how }: { readonly token: string } & Omit<Asking, 'begun'>,
    gateway: FollowUpGateway,
  ): Promise<void> {
    let drain: { giveUp(reason: GivenUp): void } | null = null
    const begun = (one: { giveUp(reason: GivenUp): void }): void => {
      drain = one
      this.#drains.add(one)
      this.#asked += 1
      if (this.#isClosing) one.giveUp(new GivenUp('shutdown'))
    }
    try {
      await askForEnd(exchange, token, gateway, { ...how, begun })
    } finally {
      if (drain !== null) this.#drains.delete(drain)
    }
  }

  async #giveUp(open: Open, gateway: FollowUpGateway): Promise<void> {
    const collected = await this.collect(open.debt.objectId)
    if (collected === null) {
      open.nextAtMs = this.#parts.clock() + this.#spread(this.#parts.settings().every)
      return
    }
    const exchange = exchangeOf(open.debt, this.#parts.newId(), gateway)
    await concludeUnknown(exchange, collected, gateway)
  }

  /** Half of it for certain, the rest by chance: what began together is not asked about together. */
  #spread(pauseMs: number): number {
    return pauseMs * (0.5 + this.#parts.random() / 2)
  }

  #take(open: Open): Collected {
    this.#open.delete(open.debt.objectId)
    return { debt: open.debt, kept: open.kept }
  }

  /** Somebody else has charged it. */
  #forget(open: Open): void {
    this.#open.delete(open.debt.objectId)
    this.#parts.debts?.paidElsewhere(open.debt.objectId)
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
    debts.tended([...this.#open.keys()], nowMs)
    const adopting = debts
      .orphans(nowMs)
      .then(found => this.takeOver(found))
      .finally(() => this.#underWay.delete(adopting))
    this.#underWay.add(adopting)
  }

  #makeRoom(): void {
    if (this.#open.size <= openMax || this.#gateway === null) return
    const [oldest] = this.#open.values()
    if (oldest === undefined || oldest.asking !== null) return
    oldest.asking = this.#giveUp(oldest, this.#gateway).catch(() => {})
  }
}

const nothingMore: Spent = { tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null }

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'internal_error'
}
