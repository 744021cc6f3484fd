import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { feedsAnswer } from '../../packages/gateway/src/admin/house-schemas.ts'
import {
  type FiledRecord,
  recordsInLines,
  recordsInParquet,
  withoutDoubles,
} from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { openLedger } from '../../packages/gateway/src/ledger/open.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { createTokenCounter } from '../../packages/gateway/src/tokens/index.ts'
import { type Random, randomOf, seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { audit } from './audit.ts'
import { startGateway, startSurroundings, tokensOf } from './child.ts'
import { type Seen, send, sendAll } from './client.ts'
import { longPlan, type Plan, planOf } from './plans.ts'
import { lastFirst } from './world.ts'

const kills = 4
const atOnce = 16

function* endlessPlans(random: Random): Generator<Plan, void> {
  for (let number = 0; ; number += 1) yield random.chance(0.2) ? longPlan(random, number) : planOf(random, number)
}

// The archive is what an auditor reads when the gateway's own disk is gone: a crash may repeat a record there, but must
// not lose or change one.
test('P1 after four kills at random moments ledger, bill and files agree call by call without doubles', async t => {
  const seed = seedOfRun()
  t.diagnostic(`seed ${seed}; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const random = randomOf(seed)
  const scope = lastFirst(t)
  const around = await startSurroundings(scope, {
    change: config => ({
      ...config,
      feeds: {
        lines: { kind: 'files', directory: 'lines', bodies: true, batch: { records: 40, time: '1s' } },
        parquet: { kind: 'files', directory: 'parquet', format: 'parquet', batch: { records: 60, time: '1s' } },
      },
    }),
  })
  const tokens = await tokensOf(around.entra)
  const plans = endlessPlans(random)
  const seen: Seen[] = []
  for (let round = 0; round <= kills; round += 1) {
    const gateway = await startGateway(scope, around)
    const agent = new Agent({ keepAlive: true })
    let begun = 0
    const last = 60 + random.below(100)
    const isLast = round === kills
    await sendAll(
      plans,
      atOnce,
      async plan => {
        begun += 1
        if (begun === last && !isLast) setTimeout(() => gateway.kill('SIGKILL'), random.below(1_500))
        seen.push(await send({ url: gateway.url, agent, tokens }, plan))
      },
      () => begun < last,
    )
    agent.destroy()
    // The last gateway is not killed: its feeds send what the others left.
    if (isLast) {
      await eventually('both feeds have caught up', () => haveCaughtUp(gateway.adminUrl, tokens.get('carol')), 60_000)
      gateway.kill('SIGTERM')
    }
    const exit = await gateway.exited
    if (isLast) assert.deepEqual(exit, { code: 0, signal: null }, gateway.lines.join('\n'))
  }
  await eventually('every line of the bill has ended', () => (around.bill().every(line => line.ended) ? true : null))

  const counter = createTokenCounter()
  scope.after(() => counter.close())
  const ledger = await openLedger({
    directory: around.ledgerDirectory,
    fsync: 'batch',
    retain: { records: 86_400_000, bodies: 86_400_000 },
    counter,
    log: silentLog,
  })
  scope.after(() => ledger.close())
  const rows = await allRecords(ledger)
  const found = await audit({ seen, rows, bodies: id => ledger.bodies(id), bill: around.bill(), killed: true })
  assert.deepEqual(found.faults.slice(0, 20), [])

  const directory = dirname(around.configFile)
  const lines = recordsInLines(join(directory, 'lines'))
  const parquet = await recordsInParquet(join(directory, 'parquet'))
  t.diagnostic(`${rows.length} records; ${lines.length} in JSON lines and ${parquet.length} in Parquet, with doubles`)
  for (const filed of [lines, parquet]) assertSame(rows, withoutDoubles(filed))
  const kept = withoutDoubles(lines)
  for (const { id } of rows) {
    const bodies = await ledger.bodies(id)
    for (const part of ['request', 'response'] as const) {
      const encoding = kept.get(id)?.[`${part}BodyEncoding`] === 'base64' ? 'base64' : 'utf8'
      const filed = Buffer.from(String(kept.get(id)?.[`${part}Body`] ?? ''), encoding)
      assert.ok(filed.equals(Buffer.from(bodies?.[part] ?? [])), `${part} body of ${id}`)
    }
  }
})

async function haveCaughtUp(adminUrl: string, token: string | undefined): Promise<true | null> {
  const answer = await fetch(`${adminUrl}/api/v1/feeds`, { headers: { authorization: `Bearer ${token}` } })
  const { feeds } = feedsAnswer.parse(await answer.json())
  return feeds.length === 2 && feeds.every(({ lagRecords, sent }) => lagRecords === 0 && sent > 0) ? true : null
}

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
