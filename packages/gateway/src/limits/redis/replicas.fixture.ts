/** Steps of tests with replicas: reserve, settle, and wait until counters in Redis show the result. */
import assert from 'node:assert/strict'
import { eventually } from '../../../../../test/support/wait.ts'
import { claim } from '../counting/claim.fixture.ts'
import type { Claim, CounterReading, Reservation, ReserveResult, RoomShortage } from '../counting/counters.ts'
import type { Replica } from './redis.fixture.ts'

export const perMinute = ({ counters }: Replica, limit = 1_000): readonly Claim[] => [
  claim(counters, 'hr-bot', 'tokensPerMinute', limit),
  claim(counters, 'hr-bot', 'callsInFlight', 100),
]

export async function reserve(replica: Replica, tokens: number, claims = perMinute(replica)): Promise<ReserveResult> {
  return await replica.counters.reserve(claims, { tokens, costNano: 0 })
}

export async function reserved(replica: Replica, tokens: number, claims = perMinute(replica)): Promise<Reservation> {
  const { reservation, shortage } = await reserve(replica, tokens, claims)
  return reservation ?? assert.fail(`refused: ${shortage?.kind}`)
}

/** The refusal of a call by a limit. */
export async function refused(replica: Replica, tokens: number, claims = perMinute(replica)): Promise<RoomShortage> {
  const { shortage } = await reserve(replica, tokens, claims)
  assert.ok(shortage !== null, 'the call was admitted')
  assert.ok(shortage.kind === 'room', 'the store refused')
  return shortage
}

export function settle(replica: Replica, reservation: Reservation, tokens: number): void {
  replica.counters.settle(reservation, { tokens, costNano: 0, calls: 1 })
}

export async function read(replica: Replica, claims = perMinute(replica)): Promise<readonly CounterReading[]> {
  return await replica.counters.read(claims.map(({ counter }) => counter))
}

export const isOk = (...replicas: readonly Replica[]): Promise<true> =>
  eventually('the store is back', () => (replicas.every(({ counters }) => counters.state === 'ok') ? true : null))

/** Waits until the tokens over all replicas are as expected: settled amounts are sent a moment later. */
export async function shows(replica: Replica, used: number, reserved: number): Promise<void> {
  let seen: CounterReading | undefined
  await eventually(`${used} used, ${reserved} reserved`, async () => {
    seen = (await read(replica))[0]
    return seen?.used === used && seen.reserved === reserved ? true : null
  }).catch((error: unknown) => assert.fail(`${String(error)}, but ${JSON.stringify(seen)}`))
}
