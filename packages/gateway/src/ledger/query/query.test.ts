import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { bytes, closedOf, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { holdInAnotherProcess } from '../holder.fixture.ts'
import type { UsageDimension } from '../reports.ts'
import { QueryFault } from './index.ts'
import { ask, record } from './query.fixture.ts'

const faultOf = async (asked: Promise<unknown>): Promise<QueryFault> => {
  const error = await asked.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  return error instanceof QueryFault ? error : assert.fail(String(error))
}

// Who queries right after a call must find it: a copy that is minutes old would be another ledger.
test('a query sees every record that was written before it, and developers those of their workloads alone', async t => {
  const directory = temporaryDirectory('query')
  const ledger = await testLedger(t, directory)
  await record(ledger, {}, { opened: { workload: 'other', callerName: 'Bob' } })
  const by = 'SELECT workload, caller_name, sum(calls) FROM records GROUP BY ALL ORDER BY ALL'
  assert.deepEqual((await ask(ledger, by)).rows, [
    ['hr-bot', 'Alice Example', 1],
    ['other', 'Bob', 1],
  ])
  await record(ledger, { opened: { workload: 'new', callerName: 'Zoë' } })
  assert.deepEqual((await ask(ledger, by, { workloads: ['new', "o'ther"] })).rows, [['new', 'Zoë', 1]])
  assert.deepEqual((await ask(ledger, by, { workloads: [] })).rows, [])
  assert.equal((await ask(ledger, by)).rows.length, 3)
  // One copy serves all three; what was written for each of them has gone.
  assert.deepEqual(readdirSync(join(directory, 'query')), ['store-1.duckdb'])
  await ledger.close()
  assert.equal(existsSync(join(directory, 'query')), false)
})

// A query must not open the ledger to a second gateway, whose records would overwrite those of this one.
test('a second process cannot open the ledger after a query', async t => {
  const directory = temporaryDirectory('query')
  const ledger = await testLedger(t, directory)
  await record(ledger, {})
  assert.equal((await ask(ledger, 'FROM records')).rows.length, 1)
  await assert.rejects(holdInAnotherProcess(t, directory), /ledger_in_use/)
  await record(ledger, {})
  assert.equal((await ask(ledger, 'FROM records')).rows.length, 2)
})

test('values lose nothing on their way: numbers, decimals, times, lists', async t => {
  const ledger = await testLedger(t, temporaryDirectory('query'))
  const id = newId()
  const startedAtMs = Date.UTC(2026, 10, 23, 8, 30, 0, 125)
  const cost = { nano: Number.MAX_SAFE_INTEGER, currency: 'USD', price: 'gpt-4o 2026-01-01' }
  const closed = closedOf(id, { cost, endedAtMs: startedAtMs + 1_500.5, requestBytes: 7 })
  await ledger.journal.close({ ...closed, opened: openedOf(id, { startedAtMs }) }, [])
  const { columns, rows, truncated } = await ask(
    ledger,
    `SELECT id, started_at, duration_ms, cost, cost_nano, sum(cost_nano) OVER () * 1000 AS more, request_bytes, stream,
      attempts, 'NaN'::DOUBLE AS none, [1, 9223372036854775807] AS list, {a: DATE '2026-11-23'} AS day, INTERVAL 90 MINUTE AS waited,
      TIMESTAMPTZ '2026-11-23 10:00:00+02' AS zoned, copy_of FROM records`,
  )
  assert.equal(truncated, null)
  assert.deepEqual(rows, [
    [
      ...[id, '2026-11-23T08:30:00.125Z', 1_500.5, '9007199.254740991', Number.MAX_SAFE_INTEGER, '9007199254740991000'],
      ...[7, false, '[{"instance":"east","status":200,"durationMs":899.5,"error":null}]', 'NaN'],
      ...[[1, '9223372036854775807'], { a: '2026-11-23' }, '01:30:00', '2026-11-23T08:00:00Z', null],
    ],
  ])
  const types = columns.map(({ type }) => type)
  assert.deepEqual(types.slice(0, 5), ['UUID', 'TIMESTAMP', 'DOUBLE', 'DECIMAL(38,9)', 'BIGINT'])
})

test('archived days are part of the records', async t => {
  const directory = temporaryDirectory('query')
  const dayMs = 86_400_000
  const nowMs = Date.UTC(2026, 10, 23, 12)
  const looks: (() => Promise<void> | void)[] = []
  const ledger = await testLedger(t, directory, {
    clock: () => nowMs,
    retain: { records: 400 * dayMs, bodies: dayMs, archiveAfter: 10 * dayMs },
    scheduler: (_, look) => {
      looks.push(look)
      return () => {}
    },
  })
  const at = (startedAtMs: number, workload: string) => ({
    opened: { startedAtMs, workload },
    closed: { sentAtMs: startedAtMs, firstByteAtMs: startedAtMs, endedAtMs: startedAtMs + 1 },
  })
  await record(ledger, at(nowMs - 20 * dayMs, 'old'), at(nowMs - 20 * dayMs, 'other'), at(nowMs, 'hr-bot'))
  const sql = 'SELECT workload, started_at::DATE FROM records ORDER BY started_at, workload'
  const all = (await ask(ledger, sql)).rows
  for (const look of looks) await look()
  assert.deepEqual(readdirSync(join(directory, 'archive')), ['day=2026-11-03'])
  assert.deepEqual((await ask(ledger, sql)).rows, all)
  assert.deepEqual((await ask(ledger, sql, { workloads: ['old'] })).rows, [['old', '2026-11-03']])
})

// Prompts are for auditors: without the table, no query can name what was said.
test('bodies are a table of their own, of one workload and time, and not there for other queries', async t => {
  const ledger = await testLedger(t, temporaryDirectory('query'))
  const fromMs = Date.UTC(2026, 10, 23)
  const add = async (workload: string, request: string, response: string): Promise<string> => {
    const id = newId()
    const opened = openedOf(id, { workload, startedAtMs: fromMs })
    const closed = closedOf(id, { endedAtMs: fromMs + 1, requestBytes: request.length, responseBytes: response.length })
    await ledger.journal.close({ ...closed, opened }, [bytes(response)], [bytes(request)])
    return id
  }
  const answer = '{"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Thirty"}}]}'
  const id = await add('hr-bot', 'How many days of leave?', answer)
  await add('other', 'a secret of others', answer)
  const sql = `SELECT b.id, request, response, answer LIKE '%Thirty%' AS said, caller_name FROM bodies b JOIN records USING (id)`
  const bodies = { workload: 'hr-bot', fromMs, toMs: fromMs + 86_400_000 }
  const { rows, bodies: read } = await ask(ledger, sql, { bodies })
  assert.deepEqual(rows, [[id, 'How many days of leave?', answer, true, 'Alice Example']])
  assert.deepEqual(read, { records: 1, read: 1, deleted: 0, uncaptured: 0, unread: 0 })
  assert.equal((await faultOf(ask(ledger, sql))).code, 'query_refused')
})

// A query that never ends must cost its reader an answer, and nobody else anything.
test('a query ends with its time, its memory, its rows or its reader', { timeout: 120_000 }, async t => {
  const ledger = await testLedger(t, temporaryDirectory('query'))
  await record(ledger, {})
  const endless = 'WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT count(*) FROM t'
  assert.match((await faultOf(ask(ledger, endless, { timeoutMs: 1_000 }))).message, /longer than 1 seconds/)
  for (const sql of [
    "SELECT repeat('x', 1000000000), repeat('y', 1000000000) FROM range(10)",
    'SELECT list(range) FROM range(1000000000)',
  ]) {
    const { code, message } = await faultOf(ask(ledger, sql))
    assert.equal(code, 'query_stopped')
    assert.match(message, /memory/, sql)
  }
  const many = await ask(ledger, 'SELECT range FROM range(1000000)', { rowsMax: 10 })
  assert.deepEqual([many.rows.length, many.truncated], [10, 'rows'])
  const long = await ask(ledger, "SELECT repeat('x', 1000000) FROM range(100)")
  assert.deepEqual([long.rows.length, long.truncated], [8, 'bytes'])
  const leaving = new AbortController()
  const left = ledger.query(
    { sql: endless, rowsMax: 1, timeoutMs: 30_000, workloads: null, bodies: null },
    leaving.signal,
  )
  leaving.abort()
  assert.match((await faultOf(left)).message, /stopped before/)
  assert.equal((await ask(ledger, 'FROM records')).rows.length, 1)
})

test('a mistake is named with its line and column', async t => {
  const ledger = await testLedger(t, temporaryDirectory('query'))
  const unknown = await faultOf(ask(ledger, "SELECT 'ü',\n  nope\nFROM records"))
  assert.deepEqual([unknown.code, unknown.place], ['query_failed', { line: 2, column: 3 }])
  assert.match(unknown.message, /"nope" not found/)
  const syntax = await faultOf(ask(ledger, 'SELECT *\nFORM records'))
  assert.deepEqual([syntax.code, syntax.place], ['query_failed', { line: 2, column: 6 }])
  const refused = await faultOf(ask(ledger, "SELECT 1,\n current_setting('threads')"))
  assert.deepEqual([refused.code, refused.place], ['query_refused', { line: 2, column: 2 }])
  const conversion = await faultOf(ask(ledger, "SELECT 'x'::INTEGER"))
  assert.equal(conversion.code, 'query_failed')
})

const dimensions = {
  workload: 'workload',
  caller: 'caller_key',
  instance: 'instance',
  deployment: 'deployment',
  model: 'model',
  operation: 'operation',
  outcome: 'outcome',
  day: "strftime(started_at, '%Y-%m-%d')",
  hour: "strftime(started_at, '%Y-%m-%dT%H:00Z')",
} as const satisfies Partial<Record<UsageDimension, string>>

// Finance compares what it queries with the report; two figures for one month are no figure.
test('sums of a query are the figures of the usage report', { timeout: 120_000 }, async t => {
  const ledger = await testLedger(t, temporaryDirectory('query'))
  const names = fc.constantFrom('a', 'b', "c'd", 'ü')
  const exchange = fc.record({
    ...{ workload: names, deployment: names, name: names, tokens: fc.nat(1_000), nano: fc.nat(1_000_000_000) },
    ...{ hours: fc.nat(72), outcome: fc.constantFrom('completed' as const, 'failed' as const, 'refused' as const) },
  })
  const by = fc.uniqueArray(fc.constantFrom(...(Object.keys(dimensions) as (keyof typeof dimensions)[])), {
    ...{ minLength: 1, maxLength: 3 },
  })
  await fc.assert(
    fc.asyncProperty(fc.array(exchange, { minLength: 1, maxLength: 30 }), by, async (exchanges, asked) => {
      await record(
        ledger,
        ...exchanges.map(({ workload, deployment, name, tokens, nano, hours, outcome }) => ({
          opened: { workload, deployment, callerObjectId: name, startedAtMs: Date.UTC(2026, 10, 1, hours) },
          closed: {
            ...{ outcome, endedAtMs: Date.UTC(2026, 10, 1, hours, 1) },
            usage: { ...closedOf('').usage, promptTokens: tokens, completionTokens: 1, totalTokens: tokens + 1 },
            cost: { nano, currency: 'USD', price: 'x' },
          },
        })),
      )
      const report = await ledger.usage({ by: asked })
      const keys = asked.map(dimension => dimensions[dimension])
      const { rows } = await ask(
        ledger,
        `SELECT ${keys.join(', ')}, sum(calls), sum(prompt_tokens), sum(total_tokens), sum(cost_nano) FROM records GROUP BY ALL`,
      )
      const lines = report.lines.map(line => [
        ...line.keys.map((key, at) => (asked[at] === 'caller' ? line.callerKey : key)),
        ...[line.calls, line.promptTokens, line.totalTokens, line.costs[0]?.nano ?? null],
      ])
      const sorted = (table: readonly (readonly unknown[])[]): string[] => table.map(row => JSON.stringify(row)).sort()
      assert.deepEqual(sorted(rows), sorted(lines))
    }),
    { numRuns: 5 },
  )
})
