/** Compares the ledger of a collector with the bill, after a run in which everything was killed. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { allRecords } from '../support/records.ts'
import { audit } from './audit.ts'
import { type CollectRunOptions, runCollector } from './collect-run.ts'
import { sizeOf } from './size.ts'
import { lastFirst, ledgerAfter } from './world.ts'

/** Asserts that the collector's ledger agrees with the bill call by call. The size of the run is that of `sizeOf`. */
export async function collectsTheBill(
  t: TestContext,
  seed: number,
  transport: CollectRunOptions['transport'],
): Promise<void> {
  const calls = sizeOf('CALLS', 300)
  const kills = sizeOf('KILLS', 4)
  t.diagnostic(`seed ${seed}, ${calls} calls, ${kills} kills; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const scope = lastFirst(t)
  const run = await runCollector(scope, { seed, calls, kills, atOnce: 12, transport })
  const ledger = await ledgerAfter(scope, run.ledgerDirectory, { collects: true })
  const rows = await allRecords(ledger)
  const interrupted = rows.filter(({ outcome }) => outcome === 'interrupted').length
  t.diagnostic(
    `${rows.length} records of ${run.shipped} that were shipped, ${interrupted} interrupted, ${run.collectorKills} kills of the collector`,
  )
  const { seen, bill } = run
  const found = await audit({ seen, rows, bodies: id => ledger.bodies(id), bill, killed: true })
  assert.deepEqual(found.faults.slice(0, 20), [])
  assert.deepEqual([...new Set(rows.map(({ replica }) => replica))].toSorted(), run.replicas.toSorted())
}
