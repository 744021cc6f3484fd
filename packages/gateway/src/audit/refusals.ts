/**
 * Refusals beyond a rate are summed, so that a client in a loop writes a bounded part of the trail: a minute has so
 * many entries of one actor or network and of all, and a day so many of all. Then there is one sum of each, code by
 * code.
 */
import type { Clock } from '../clock.ts'
import type { AuditEvent } from './index.ts'

export interface RefusalsLimits {
  readonly perMinute: number
  readonly allPerMinute: number
  readonly perDay: number
}

export const refusalsLimits: RefusalsLimits = { perMinute: 30, allPerMinute: 300, perDay: 10_000 }

/** Sums of a minute that name their actor or network; further ones are together, code by code. */
const sumsMax = 50
const minuteMs = 60_000
const dayMs = 86_400_000
/** When the entries of a day are used up, sums are written this often. */
const slowMs = 3_600_000

export type Refused = AuditEvent & { readonly facts: { readonly code: string } }

interface Sum {
  readonly first: Refused
  readonly named: boolean
  readonly sinceMs: number
  calls: number
}

export class Refusals {
  readonly #clock: Clock
  readonly #limits: RefusalsLimits
  readonly #report: (sum: AuditEvent) => void
  readonly #counts = new Map<string, number>()
  readonly #sums = new Map<string, Sum>()
  #minute = 0
  #ofMinute = 0
  #day = 0
  #ofDay = 0
  #timer: NodeJS.Timeout | null = null

  /** @param report gets each sum; never throws. */
  constructor(clock: Clock, report: (sum: AuditEvent) => void, limits: RefusalsLimits = refusalsLimits) {
    this.#clock = clock
    this.#report = report
    this.#limits = limits
  }

  /** @returns false for a refusal that is counted instead of written. */
  takes(refused: Refused): boolean {
    const nowMs = this.#clock()
    this.#roll(nowMs)
    const who = refused.actor === 'stranger' ? (refused.address ?? '') : refused.actor
    const key = `${refused.facts.code} ${who}`
    const count = this.#counts.get(key) ?? 0
    const { perMinute, allPerMinute, perDay } = this.#limits
    if (count < perMinute && this.#ofMinute < allPerMinute && this.#ofDay < perDay) {
      this.#counts.set(key, count + 1)
      this.#ofMinute += 1
      this.#ofDay += 1
      return true
    }
    this.#add(refused, key, nowMs)
    return false
  }

  /** Reports the sums as they are. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#ofDay += this.#sums.size
    for (const sum of this.#sums.values()) this.#report(sumOf(sum, this.#clock()))
    this.#sums.clear()
  }

  #add(refused: Refused, key: string, nowMs: number): void {
    const isUsedUp = this.#ofDay >= this.#limits.perDay
    const named = this.#sums.has(key) || (!isUsedUp && this.#sums.size < sumsMax)
    const place = named ? key : refused.facts.code
    const sum = this.#sums.get(place)
    if (sum === undefined) this.#sums.set(place, { first: refused, named, sinceMs: nowMs, calls: 1 })
    else sum.calls += 1
    this.#timer ??= setTimeout(() => this.close(), isUsedUp ? slowMs : minuteMs).unref()
  }

  #roll(nowMs: number): void {
    const [minute, day] = [Math.floor(nowMs / minuteMs), Math.floor(nowMs / dayMs)]
    if (day !== this.#day) this.#ofDay = 0
    if (minute !== this.#minute) {
      this.#counts.clear()
      this.#ofMinute = 0
    }
    this.#minute = minute
    this.#day = day
  }
}

/** The first of them without what differs among them. */
function sumOf({ first, named, sinceMs, calls }: Sum, nowMs: number): AuditEvent {
  return {
    ...first,
    requestId: null,
    reason: null,
    ...(named ? {} : { actor: 'several', name: null, address: null }),
    facts: { code: first.facts.code, calls, from: new Date(sinceMs).toISOString(), to: new Date(nowMs).toISOString() },
  }
}
