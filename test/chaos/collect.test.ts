import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { audit } from './audit.ts'
import { runCollector } from './collect-run.ts'
import { sizeOf } from './size.ts'
import { sharedFiles, simulatedHub, simulatedKafka } from './transports.ts'
import { lastFirst, ledgerAfter } from './world.ts'

const calls = sizeOf('CALLS', 300)
const kills = sizeOf('KILLS', 4)

// Finance reads one ledger for all replicas: whatever is killed, it must have what was billed, each call once.
for (const [name, transport] of [
  ['shared files', sharedFiles],
  ['a topic', simulatedKafka],
  ['a hub', simulatedHub],
] as const) {
  test(`P1 after kills of three replicas and their collector, which reads ${name}, its ledger agrees with the bill call by call`, {
    timeout: 3_600_000,
  }, async t => {
    const seed = seedOfRun()
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
  })
}
