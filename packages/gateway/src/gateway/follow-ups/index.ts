/**
 * Follow-ups: the usage of a background response or a batch is charged once its end is known. Until then its tokens and
 * cost stay reserved. The first answer that reports the usage is charged, whichever call asked for it. Where no client
 * asks, the gateway asks by itself, with growing pauses. An object whose end can never be known is charged at its bound
 * after `objects.followUp.longest`, or when it is gone.
 */

import type { KeptReservation, Spent } from '../../limits/index.ts'
import type { Debt } from '../../objects/index.ts'
import type { UsageSource } from '../../wire/usage.ts'

/** `objects.followUp`. In ms, except `atOnce`. */
export interface FollowUpSettings {
  readonly first: number
  readonly every: number
  readonly longest: number
  readonly atOnce: number
}

/** A debt that an exchange has the right to charge, and its reservation in this process. */
export interface ClaimedDebt {
  readonly debt: Debt
  readonly kept: KeptReservation | null
}

export interface FollowUpFigures {
  /** Open debts that this process looks after. */
  readonly open: number
  /** Since the start. */
  readonly asked: number
  readonly reported: number
  readonly bounded: number
}

/** The follow-ups as stages and endings of exchanges use them. */
export interface FollowUps {
  readonly figures: FollowUpFigures
  /** The open debt of that object, if this process looks after it. */
  openDebt(objectId: string): Debt | null
  /** Takes a new debt. @param kept what stays reserved for it; null where it met no limit. */
  add(debt: Debt, kept: KeptReservation | null): void
  /** Raises the bound of the debt: so many tokens of the work's text have already passed. */
  raiseBound(objectId: string, completionTokens: number): void
  /**
   * Claims the right to charge what the object owes, once among all replicas. Null when it owes nothing, when another
   * exchange charges it, or when that cannot be found out now. Never rejects.
   */
  claim(objectId: string): Promise<ClaimedDebt | null>
  /** Charges the usage of the work to the limits of the call that began it. */
  charge(claimed: ClaimedDebt, spent: Spent): void
  /** The record with the charge is in the ledger. */
  recorded(claimed: ClaimedDebt, source: UsageSource): void
  /** A follow-up was answered with an end without usage, or the object is gone. @returns true once that is believed. */
  noteSilentEnd(objectId: string): boolean
  /**
   * A batch has ended without reporting its usage: its file of answers is read next.
   * @returns false when that was tried in vain.
   */
  queueAnswersFile(objectId: string, file: string): boolean
  /**
   * Asks about one object now and waits for the answer. Called before the object is deleted: afterwards its usage
   * cannot be found out.
   * @param token of the call that deletes it, for instances whose credential is `caller`.
   */
  askNow(objectId: string, token: string): Promise<void>
}
