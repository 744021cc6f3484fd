/**
 * The scripts' replies as results. For each claim there are three figures: sum, ms until some of it is free, ms until
 * there is room.
 */
import { type Claim, type Counter, type ReserveResult, storeShortage } from '../counting/counters.ts'
import { TightestGauges } from '../counting/gauges.ts'
import { shortageOf } from '../counting/shortage.ts'
import type { SharedReservation } from './reservation.ts'

export type ScriptReply = readonly number[]

/** Index of the first claim's figures. */
const first = 2

/** Remembers a counter's sum over all replicas. */
export function noteSum(counter: Counter, sum: number, atMs: number, resetMs: number): void {
  const endMs = counter.window.kind === 'calendar' ? atMs + resetMs : 0
  const { lastReported } = counter
  if (lastReported === null) counter.lastReported = { sum, atMs, endMs }
  else {
    lastReported.sum = sum
    lastReported.atMs = atMs
    lastReported.endMs = endMs
  }
}

/** The slot of each claim's amount: number of the step, or end of the window. */
export function slotsOf(claims: readonly Claim[], reply: ScriptReply): number[] {
  const nowMs = reply[1] ?? 0
  return claims.map(({ counter: { window } }, index) => {
    if (window.kind === 'sliding') return Math.floor(nowMs / window.stepMs)
    return window.kind === 'calendar' ? nowMs + (reply[first + 1 + index * 3] ?? 0) : 0
  })
}

/** Sets the gauges and shadowed claims of a reservation. */
export function fillReservation(reservation: SharedReservation, reply: ScriptReply): void {
  const gauges = new TightestGauges()
  let shadowed: Claim[] | null = null
  for (const [index, claim] of reservation.claims.entries()) {
    const at = first + index * 3
    const sum = reply[at] ?? 0
    const reset = reply[at + 1] ?? 0
    noteSum(claim.counter, sum, reservation.at.atMs, reset)
    if (reply[at + 2] !== 0) {
      shadowed ??= []
      shadowed.push(claim)
    }
    if (gauges.isTighter(claim, sum)) gauges.add(claim, sum, sum === 0 ? 0 : reset)
  }
  reservation.tokens = gauges.tokens
  reservation.requests = gauges.requests
  if (shadowed !== null) reservation.shadowed = shadowed
}

export function refusalOf(claims: readonly Claim[], reply: ScriptReply): ReserveResult {
  const nowMs = reply[1] ?? 0
  const full: Claim[] = []
  const gauges = new TightestGauges()
  const figures = new Map<Claim, { readonly sum: number; readonly room: number }>()
  for (const [index, claim] of claims.entries()) {
    const at = first + index * 3
    const [sum = 0, reset = 0, room = 0] = reply.slice(at, at + 3)
    noteSum(claim.counter, sum, nowMs, reset)
    if (gauges.isTighter(claim, sum)) gauges.add(claim, sum, sum === 0 ? 0 : reset)
    if (room === 0 || !claim.enforce) continue
    full.push(claim)
    figures.set(claim, { sum, room })
  }
  const [firstFull, ...others] = full
  // The script refuses only for an enforced claim without room. A reply that names none is no answer.
  if (firstFull === undefined) return { reservation: null, shortage: storeShortage }
  const shortage = shortageOf([firstFull, ...others], {
    roomInMs: claim => figures.get(claim)?.room ?? 0,
    leftOf: claim => claim.limit - (figures.get(claim)?.sum ?? 0),
    nowMs,
    tokens: gauges.tokens,
    requests: gauges.requests,
    state: 'ok',
  })
  return { reservation: null, shortage }
}
