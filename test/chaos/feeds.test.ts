import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FiledRecord, withoutDoubles } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import type { Ledger } from '../../packages/gateway/src/ledger/index.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { audit } from './audit.ts'
import { runFeeds } from './feeds-run.ts'
import { blobReceiver, eventHubReceiver, filesReceiver, kafkaReceiver, webhookReceiver } from './receivers.ts'
import { sizeOf } from './size.ts'
import { lastFirst, ledgerAfter } from './world.ts'

const calls = sizeOf('CALLS', 500)
const kills = sizeOf('KILLS', 3)
/** What receivers in this process keep is bounded: of a large run, only the files have bodies. */
const isLarge = calls > 5_000

// What is shipped is what auditors and finance read when the gateway's own disk is gone: a crash, a full disk or a
// receiver that was away may repeat a record there, but must not lose or change one.
test('P1 after kills, full disks and absences of receivers ledger, bill and every receiver agree call by call', {
  timeout: 3_600_000,
}, async t => {
  const seed = seedOfRun()
  t.diagnostic(`seed ${seed}, ${calls} calls, ${kills} kills; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const scope = lastFirst(t)
  const run = await runFeeds(scope, {
    seed,
    calls,
    kills,
    disksFull: 2,
    absences: 2,
    atOnce: isLarge ? 64 : 24,
    longShare: isLarge ? 0.01 : 0.2,
    receivers: directory =>
      Promise.all([
        filesReceiver('lines', directory, 'jsonl', true),
        filesReceiver('parquet', directory, 'parquet', false),
        blobReceiver(scope, 'blob', !isLarge),
        eventHubReceiver(scope, 'event-hub', seed + 3, !isLarge),
        webhookReceiver(scope, 'webhook', seed + 1, !isLarge),
        kafkaReceiver(scope, 'kafka', seed + 2, !isLarge),
      ]),
  })
  assert.deepEqual(run.exit, { code: 0, signal: null }, run.lines.join('\n'))
  const refused = run.seen.filter(({ refusal }) => refusal === 'ledger_unwritable').length
  t.diagnostic(`${refused} calls refused while the disk was full`)
  assert.ok(refused > 0, 'a disk that refuses nothing proves nothing')
  const ledger = await ledgerAfter(scope, run.ledgerDirectory)
  const rows = await allRecords(ledger)
  const { seen, bill } = run
  const found = await audit({ seen, rows, bodies: id => ledger.bodies(id), bill, killed: true, diskFull: true })
  assert.deepEqual(found.faults.slice(0, 20), [])
  for (const receiver of run.receivers) {
    const all = await receiver.records()
    const once = withoutDoubles(all)
    t.diagnostic(`${receiver.name}: ${once.size} of ${rows.length} records, ${all.length - once.size} doubles`)
    assertSame(rows, once)
    if (receiver.hasBodies) await assertSameBodies(rows, once, ledger)
  }
})

function assertSame(rows: readonly RecordRow[], filed: ReadonlyMap<string, FiledRecord>): void {
  assert.deepEqual([...filed.keys()].toSorted(), rows.map(({ id }) => id).toSorted())
  for (const { id, outcome, status, usage, cost, workload, callerObjectId } of rows) {
    const record = filed.get(id) ?? {}
    assert.deepEqual(
      [record['outcome'], record['status'], record['totalTokens'], record['usageSource'], record['costNano']],
      [outcome, status, usage.totalTokens, usage.source, cost?.nano ?? null],
      id,
    )
    assert.deepEqual([record['workload'], record['callerObjectId']], [workload, callerObjectId], id)
  }
}

async function assertSameBodies(
  rows: readonly RecordRow[],
  filed: ReadonlyMap<string, FiledRecord>,
  ledger: Ledger,
): Promise<void> {
  for (const { id } of rows) {
    const bodies = await ledger.bodies(id)
    const record = filed.get(id)
    for (const part of ['request', 'response'] as const) {
      const encoding = record?.[`${part}BodyEncoding`] === 'base64' ? 'base64' : 'utf8'
      const shipped = Buffer.from(String(record?.[`${part}Body`] ?? ''), encoding)
      assert.ok(shipped.equals(Buffer.from(bodies?.[part] ?? [])), `${part} body of ${id}`)
    }
  }
}
