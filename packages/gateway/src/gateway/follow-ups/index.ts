/**
 * Follow-ups: what a background response or a batch used is charged once its end is known. Until then its tokens and cost stay reserved. The
 * first answer that reports the usage is charged, whoever asked; where no client asks, the gateway asks itself, with growing pauses. An
 * object whose end can never be known is charged at its bound after `objects.followUp.longest`, or when it is gone.
 */

import type { KeptReservation, Spent } from '../../limits/index.ts'
import type { Debt } from '../../objects/index.ts'
import type { UsageSource } from '../../wire/usage.ts'

/** `objects.followUp`. Milliseconds, but for `atOnce`. */
export interface FollowUpSettings {
  readonly first: number
  readonly every: number
  readonly longest: number
  readonly atOnce: number
}

/** A debt that an exchange has the right to charge, and what is reserved for it here. */
export interface Collected {
  readonly debt: Debt
  readonly kept: KeptReservation | null
}

export interface FollowUpFigures {
  /** Debts that are open now, as far as this process looks after them. */
  readonly open: number
  /** Since the start. */
  readonly asked: number
  readonly reported: number
  readonly bounded: number
}

/** What the stages and the endings of exchanges call. */
export interface FollowUps {
  readonly figures: FollowUpFigures
  /** The open debt of that object, if this process looks after it. */
  of(objectId: string): Debt | null
  /** Takes a new debt. @param kept what stays reserved for it; null where it met no limit. */
  owes(debt: Debt, kept: KeptReservation | null): void
  /** Raises the bound of the debt: so many tokens of the work's text have already passed. */
  raise(objectId: string, completionTokens: number): void
  /**
   * The right to charge what the object owes, once for all replicas. Null when it owes nothing, when another exchange charges it, or when that
   * cannot be found out now. Never rejects.
   */
  collect(objectId: string): Promise<Collected | null>
  /** Charges the usage of the work to the limits of the call that began it. */
  charge(collected: Collected, spent: Spent): void
  /** The record with the charge is in the ledger. */
  recorded(collected: Collected, source: UsageSource): void
  /** An answer to a follow-up has shown an end without usage, or that the object is gone. @returns true when that is believed. */
  isSilent(objectId: string): boolean
  /** A batch has ended and its object does not report its usage: its file of answers does. @returns false when that file was read in vain. */
  readsAnswers(objectId: string, file: string): boolean
  /**
   * Asks about one object now and waits for the answer. Called before the object is deleted: afterwards its usage cannot be found out.
   * @param token of the call that deletes it, for instances whose credential is `caller`.
   */
  askNow(objectId: string, token: string): Promise<void>
}
