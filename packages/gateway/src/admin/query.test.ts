import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import type { AuditEntry, AuditPage } from '../audit/index.ts'
import { configSchema } from '../config/schema/index.ts'
import type { QueryResult } from '../ledger/query/index.ts'
import { type Answer, configInput, errorIn, type House, idOf, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { runningHouse } from './running.fixture.ts'

const post = (house: House, as: string, body: object): Promise<Answer> =>
  house.send('/api/v1/query', {
    ...{ method: 'POST', as, body: JSON.stringify(body), headers: ['content-type', 'application/json'] },
  })

const entriesOf = async (house: House): Promise<readonly AuditEntry[]> => {
  const { json } = await house.send('/api/v1/audit?action=ledger_queried', { as: 'carol' })
  return (json as AuditPage).entries
}

const developers = configSchema.parse({
  ...configInput,
  admin: { roles: { ...configInput.admin.roles, developer: [{ user: idOf('dave') }] } },
  workloads: {
    ...configInput.workloads,
    'hr-bot': { ...configInput.workloads['hr-bot'], callers: [{ user: idOf('dave') }] },
  },
})

test('a viewer queries all records, a developer those of their workloads', async t => {
  const house = await startHouse(t, { access: () => developers.admin, house: runningHouse(developers) }, demoDirectory)
  await house.ledger.add(recordRow(recordId(1)))
  await house.ledger.add(recordRow(recordId(2), { workload: 'other' }))
  const sql = 'SELECT workload, count(*) AS n FROM records GROUP BY ALL ORDER BY ALL'
  const viewer = await post(house, 'bob', { sql })
  assert.equal(viewer.status, 200, viewer.text)
  const { columns, rows, truncated } = viewer.json as QueryResult
  assert.deepEqual(columns, [
    { name: 'workload', type: 'VARCHAR' },
    { name: 'n', type: 'BIGINT' },
  ])
  assert.deepEqual(
    [rows, truncated],
    [
      [
        ['hr-bot', 1],
        ['other', 1],
      ],
      null,
    ],
  )
  const developer = await post(house, 'dave', { sql })
  assert.deepEqual((developer.json as QueryResult).rows, [['hr-bot', 1]])
})

// Who asked what of the ledger must be known, also of a query that failed; its words are no matter of the log.
test('a query is in the trail with its text, before it runs and with its result, and its text is in no log', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)))
  const sql = "SELECT count(*) AS n FROM records WHERE caller_name <> 'whoever'"
  await post(house, 'bob', { sql, rowsMax: 5 })
  const failing = await post(house, 'bob', { sql: "SELECT\n 'whoever', nope FROM records" })
  assert.equal(failing.status, 400)
  const { code, param, place } = errorIn(failing) as ReturnType<typeof errorIn> & { place?: unknown }
  assert.deepEqual([code, param, place], ['query_failed', 'sql', { line: 2, column: 13 }])
  const [failed, askedSecond, done, asked] = await entriesOf(house)
  assert.deepEqual([asked?.outcome, asked?.facts], ['asked', { rowsMax: 5, timeoutMs: 10_000, sql }])
  assert.deepEqual([done?.outcome, done?.facts['of'], done?.facts['rows']], ['done', asked?.seq, 1])
  assert.match(String(askedSecond?.facts['sql']), /nope/)
  assert.deepEqual([failed?.outcome, failed?.facts['code']], ['failed', 'query_failed'])
  assert.doesNotMatch(JSON.stringify(house.logged), /whoever/)
})

test('a query that asks for more than the records, or for nothing, is refused and says why', async t => {
  const house = await startHouse(t)
  const refused = await post(house, 'bob', { sql: "SELECT * FROM read_text('/etc/passwd')" })
  assert.deepEqual([refused.status, errorIn(refused).code], [400, 'query_refused'])
  for (const [body, param] of [
    [{}, 'sql'],
    [{ sql: ' ' }, 'sql'],
    [{ sql: 'x'.repeat(20_001) }, 'sql'],
    [{ sql: 'SELECT 1', rowsMax: 0 }, 'rowsMax'],
    [{ sql: 'SELECT 1', timeoutMs: 30_001 }, 'timeoutMs'],
    [{ sql: 'SELECT 1', bodies: { workload: 'hr-bot', day: 'today' } }, 'bodies.day'],
    [{ sql: 'SELECT 1', files: true }, 'files'],
  ] as const) {
    const answer = await post(house, 'bob', body)
    assert.deepEqual([answer.status, errorIn(answer).code, errorIn(answer).param], [400, 'parameter_invalid', param])
  }
})

test('bodies are queried by an auditor alone, with a reason, which is in the trail with workload and day', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('a question'), response: null })
  const day = new Date(recordRow(recordId(1)).startedAtMs).toISOString().slice(0, 10)
  const body = { sql: 'SELECT request FROM bodies', bodies: { workload: 'hr-bot', day } }
  const viewer = await post(house, 'bob', body)
  assert.deepEqual([viewer.status, errorIn(viewer).code], [403, 'role_missing'])
  const headers = ['content-type', 'application/json', 'x-gatehouse-reason', '']
  const path = '/api/v1/query'
  const silent = await house.send(path, { method: 'POST', as: 'carol', body: JSON.stringify(body), headers })
  assert.deepEqual([silent.status, errorIn(silent).code], [400, 'reason_missing'])
  const auditor = await post(house, 'carol', body)
  assert.deepEqual((auditor.json as QueryResult).rows, [['a question']])
  const [done] = await entriesOf(house)
  assert.deepEqual([done?.reason, done?.facts['workload'], done?.facts['day']], ['a test', 'hr-bot', day])
})

test('the schema names every column of a query, with its type and meaning', async t => {
  const house = await startHouse(t)
  const { json } = await house.send('/api/v1/query/schema', { as: 'bob' })
  const { tables } = json as {
    tables: { name: string; columns: { name: string; type: string; description: string }[] }[]
  }
  const [records] = tables
  const { columns } = (await post(house, 'bob', { sql: 'FROM records' })).json as QueryResult
  assert.deepEqual(
    records?.columns.map(({ name, type }) => ({ name, type })),
    columns,
  )
  assert.deepEqual(
    records?.columns.filter(({ description }) => description.length < 5),
    [],
  )
})
