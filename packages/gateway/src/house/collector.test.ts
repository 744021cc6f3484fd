import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { demoAudience, demoDirectory, type EntraSimulator, startEntra } from '@gatehouse/simulator'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { run } from '../cli/run.fixture.ts'
import { type ConfigInput, configSchema } from '../config/schema/index.ts'
import { newId } from '../ledger/exchange.fixture.ts'
import { columnsOf, fedRecordOrReason } from '../ledger/feeds/forms.ts'
import { recordedExchange } from '../ledger/feeds/recorded.fixture.ts'
import { silentLog } from '../log.ts'
import { buildCollector, type CollectorHouse } from './collector.ts'

const columns = columnsOf('gatehouse', null, true)

/** A line of a feed, of a call of this replica. */
function lineOf(replica: string, workload: string): string {
  const id = newId()
  const startedAtMs = Date.now()
  const exchange = recordedExchange({
    ...{ id, opened: { replica, workload, startedAtMs }, closed: { endedAtMs: startedAtMs + 5 } },
    ...{ request: `question to ${replica}`, response: 'answer' },
  })
  const record = fedRecordOrReason(exchange, true)
  assert.ok(typeof record !== 'string')
  return JSON.stringify(Object.fromEntries(columns.map(({ name, cell }) => [name, cell(record)])))
}

interface Started {
  readonly house: CollectorHouse
  readonly entra: EntraSimulator
  readonly shared: string
  readonly configOf: (more?: Partial<ConfigInput>) => ReturnType<typeof configSchema.parse>
  read(args: readonly string[], as?: string): Promise<{ readonly out: string; readonly err: string }>
}

async function started(t: TestContext): Promise<Started> {
  const entra = await startEntra({ directory: demoDirectory })
  t.after(() => entra.close())
  const shared = join(temporaryDirectory('ledger'), 'shared')
  mkdirSync(shared)
  const directory = temporaryDirectory('ledger')
  const idOf = (name: string): string => demoDirectory.people.find(person => person.name === name)?.objectId ?? ''
  const configOf = (more: Partial<ConfigInput> = {}) =>
    configSchema.parse({
      admin: {
        listen: '127.0.0.1:0',
        roles: { viewer: [{ user: idOf('bob') }], auditor: [{ user: idOf('carol') }] },
      },
      identity: { entra: { authority: entra.url, tenants: [demoDirectory.tenantId], audiences: [demoAudience] } },
      ...{ instances: {}, workloads: {} },
      ledger: { directory },
      collect: { sources: { replicas: { kind: 'files', directory: shared } } },
      ...more,
    })
  const house = await buildCollector(configOf(), { log: silentLog })
  t.after(() => house.close())
  const read = (args: readonly string[], as = 'bob') =>
    run(args, { admin: house.admin.url, token: () => entra.token({ as }) })
  return { house, entra, shared, configOf, read }
}

function ship(shared: string, replica: string, lines: readonly string[]): void {
  const hour = join(shared, replica, 'day=2026-11-27', 'hour=00')
  mkdirSync(hour, { recursive: true })
  appendFileSync(join(hour, `out-${newId()}.jsonl`), `${lines.join('\n')}\n`)
}

test('a collector answers for all replicas, with the roles of its own configuration', async t => {
  const { house, entra, shared, read, configOf } = await started(t)
  ship(shared, 'one', [lineOf('one', 'hr-bot'), lineOf('one', 'hr-bot')])
  ship(shared, 'two', [lineOf('two', 'hr-bot'), lineOf('two', 'other'), 'no record'])
  await eventually('all are there', () => house.sources()[0]?.taken === 4 || null)

  const usage = JSON.parse((await read(['usage', '--format', 'json'])).out) as { total: { calls: number } }
  assert.equal(usage.total.calls, 4)
  const byReplica = (await read(['usage', '--by', 'replica,workload', '--format', 'csv'])).out
  assert.deepEqual(
    byReplica
      .split('\n')
      .map(line => line.split(',').slice(0, 3).join())
      .toSorted(),
    ['', 'one,hr-bot,2', 'replica,workload,calls', 'two,hr-bot,1', 'two,other,1'],
  )
  const ofOne = JSON.parse((await read(['usage', '--replica', 'one', '--format', 'json'])).out) as typeof usage
  assert.equal(ofOne.total.calls, 2)
  const { records } = await house.ledger.list({})
  assert.deepEqual(records.map(({ replica }) => replica).sort(), ['one', 'one', 'two', 'two'])
  const [record] = records
  const shown = await read(['records', 'show', record?.id ?? '', '--bodies', '--reason', 'a test'], 'carol')
  assert.match(shown.out, new RegExp(`replica +${record?.replica}`))
  assert.match(shown.out, new RegExp(`question to ${record?.replica}`))
  assert.match((await read(['records', 'list'], 'dave')).err, /role_missing/)

  const sources = (await read(['sources'])).out
  assert.match(sources, /\n! +replicas +files +running +4 +0 +0 +1 +/)
  assert.match((await read(['sources', '--format', 'csv'])).out, /\nreplicas,files,running,4,0,0,1,/)

  const headers = { authorization: `Bearer ${await entra.token({ as: 'bob' })}` }
  const metrics = await (await fetch(`${house.admin.url}/metrics`, { headers })).text()
  assert.match(metrics, /^gatehouse_source_up\{source="replicas"\} 1$/m)
  assert.match(metrics, /^gatehouse_source_taken_total\{source="replicas"\} 4$/m)
  assert.match(metrics, /^gatehouse_source_set_aside\{source="replicas"\} 1$/m)

  // A reload can take a role away.
  assert.deepEqual(house.reload(configOf({ admin: { listen: '127.0.0.1:0' } })), [])
  assert.match((await read(['sources'])).err, /role_missing/)
})

test('a collector that stops is complete, and reads no file again when it starts', async t => {
  const { house, shared, configOf } = await started(t)
  ship(shared, 'one', [lineOf('one', 'hr-bot')])
  await eventually('it is there', () => house.sources()[0]?.taken === 1 || null)
  await house.close()
  const again = await buildCollector(configOf(), { log: silentLog })
  t.after(() => again.close())
  ship(shared, 'one', [lineOf('one', 'hr-bot')])
  await eventually('the second is there', () => again.sources()[0]?.taken === 1 || null)
  assert.equal(again.sources()[0]?.doubles, 0)
  assert.equal((await again.ledger.list({})).records.length, 2)
})
