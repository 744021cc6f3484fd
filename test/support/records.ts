/** Reads the ledger from tests. */
import type { House } from '../../packages/gateway/src/house/index.ts'
import type { Ledger } from '../../packages/gateway/src/ledger/index.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { eventually } from './wait.ts'

/** The record of an exchange, once it has ended. */
export function recordOf(ledger: Ledger, id: string | null | undefined): Promise<RecordRow> {
  if (typeof id !== 'string' || id === '') throw new Error('the answer carries no x-gatehouse-request-id')
  return eventually(`the record ${id}`, async () => {
    await ledger.caughtUp()
    return ledger.row(id)
  })
}

/**
 * Every record of a running gateway, newest first, once nothing is in flight: a client sees its answer before the
 * record is written.
 */
export async function settledRecords(house: House): Promise<readonly RecordRow[]> {
  await eventually('nothing is in flight', () => (house.gateway.inFlight === 0 ? true : null))
  return allRecords(house.ledger)
}

/** The newest record, once nothing is in flight; null if there is none. */
export async function settled(house: House): Promise<RecordRow | null> {
  await eventually('nothing is in flight', () => (house.gateway.inFlight === 0 ? true : null))
  await house.ledger.caughtUp()
  return (await house.ledger.list({ limit: 1 })).records[0] ?? null
}

/** Every record, newest first. */
export async function allRecords(ledger: Ledger): Promise<readonly RecordRow[]> {
  await ledger.caughtUp()
  const all: RecordRow[] = []
  let before: string | undefined
  for (;;) {
    const { records, next } = await ledger.list(before === undefined ? { limit: 1000 } : { limit: 1000, before })
    all.push(...records)
    if (next === null) return all
    before = next
  }
}
