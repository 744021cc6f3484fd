import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allowedFunctions, allowedTableFunctions } from './allowed.ts'
import { checkQuery, placeOf } from './check.ts'
import { recordsTable } from './columns.ts'
import { QueryFault } from './index.ts'
import { closedConnection, freshConnection, hostile } from './query.fixture.ts'

const system = new Set(['duckdb_views', 'sqlite_master'])
const tables = [recordsTable.name]

// Whoever may read figures must not read the machine: its files, its settings, its other databases.
test('no hostile statement passes the check', async t => {
  const connection = await freshConnection(t)
  for (const sql of hostile) {
    await assert.rejects(checkQuery(connection, sql, tables, system), QueryFault, sql)
  }
})

// The check and the closed connection are two walls: each holds alone.
test('a connection without the check reads no file, changes nothing outside, and keeps its settings', async t => {
  const connection = await closedConnection(t, ['hr-bot'])
  const reaching = hostile.filter(sql =>
    /passwd|\/tmp|\/etc|\/dev|https:|s3:|httpfs|SET |RESET|INSTALL|LOAD|EXPORT|IMPORT|profiling/.test(sql),
  )
  assert.ok(reaching.length > 30)
  for (const sql of reaching) {
    // Parts of a query may have any name, and variables are the connection's own.
    if (/^SET VARIABLE|AS \(SELECT 1\)/.test(sql)) continue
    await assert.rejects(connection.run(sql), sql)
  }
  const seen = await connection.runAndReadAll('SELECT DISTINCT workload, caller_name FROM records')
  assert.deepEqual(seen.getRowsJson(), [['hr-bot', 'Alice Example']])
})

// A view that filters tells by its errors what it filters out.
test('what a developer may not see is not in the process that answers', async t => {
  const connection = await closedConnection(t, ['hr-bot'])
  const databases = await connection.runAndReadAll('SELECT path FROM duckdb_databases() WHERE path IS NOT NULL')
  assert.deepEqual(databases.getRowsJson(), [])
  const found = await connection.runAndReadAll(
    "SELECT table_name, database_name FROM duckdb_tables() WHERE table_name = 'names'",
  )
  const [[table = '', database = ''] = []] = found.getRowsJson()
  const names = await connection.runAndReadAll(
    `SELECT text FROM ${database}.main.${table} WHERE text LIKE '%Secret%' OR text = 'other'`,
  )
  assert.deepEqual(names.getRowsJson(), [])
})

// An upgrade of DuckDB brings functions that nobody has looked at.
test('every function of DuckDB that is not listed is refused, and every listed one exists', async t => {
  const connection = await freshConnection(t)
  const result = await connection.runAndReadAll(
    'SELECT DISTINCT lower(function_name), function_type FROM duckdb_functions()',
  )
  const functions = result.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
  const named = functions.filter(({ name }) => /^[a-z_]\w*$/.test(name))
  assert.ok(named.length > 700)
  for (const { name } of named) {
    if (!allowedFunctions.has(name) && !allowedTableFunctions.has(name)) {
      await assert.rejects(checkQuery(connection, `SELECT "${name}"(1)`, tables, system), QueryFault, name)
    }
    if (!allowedTableFunctions.has(name)) {
      await assert.rejects(checkQuery(connection, `FROM "${name}"(1)`, tables, system), QueryFault, name)
    }
  }
  const known = new Set(functions.map(({ name }) => name))
  const byParser = ['coalesce', 'construct_array', 'if', 'ifnull']
  assert.deepEqual(
    [...allowedFunctions].filter(name => !known.has(name) && !byParser.includes(name)),
    [],
  )
  const tableFunctions = new Set(functions.filter(({ type }) => type.startsWith('table')).map(({ name }) => name))
  assert.deepEqual(
    [...allowedTableFunctions].filter(name => !tableFunctions.has(name)),
    [],
  )
})

// What people write every day must work.
test('ordinary queries pass the check and run', async t => {
  const connection = await closedConnection(t)
  const ordinary = [
    'FROM records',
    'SELECT workload, sum(calls), sum(cost)::DOUBLE FROM records GROUP BY ALL ORDER BY ALL DESC LIMIT 5;',
    "SELECT date_trunc('day', started_at) AS day, count(*) FILTER (outcome <> 'completed') FROM records GROUP BY 1",
    'WITH a AS (SELECT workload, count(*) n FROM records GROUP BY 1), b AS MATERIALIZED (FROM a) SELECT * FROM b JOIN a USING (workload)',
    'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t',
    'SELECT *, row_number() OVER (PARTITION BY workload ORDER BY started_at DESC) AS nth FROM records QUALIFY nth = 1',
    "SELECT * EXCLUDE (path) REPLACE (upper(workload) AS workload) FROM records WHERE caller_name ILIKE '%a%'",
    "SELECT COLUMNS('.*_tokens') FROM records",
    'SELECT started_at + INTERVAL 1 HOUR, started_at::DATE, CAST(status AS VARCHAR), status BETWEEN 200 AND 299 FROM records',
    'SELECT quantile_cont(duration_ms, [0.5, 0.95]) FROM records WHERE started_at >= now()::TIMESTAMP - INTERVAL 400 DAY',
    'SELECT [x * 2 FOR x IN range(5) IF x > 1], list_transform([1, 2], lambda x: x + 1), {a: 1}, MAP {1: 2}',
    "SELECT a.key, json_extract_string(attempts, '$[0].instance') FROM records, json_each(attempts) AS a",
    'SELECT unnest([1, 2, 3]), coalesce(NULL, 1), if(true, 1, 2), ifnull(NULL, 2), nullif(1, 1)',
    "FROM records PIVOT (count(*) FOR outcome IN ('completed', 'failed') GROUP BY workload)",
    'SELECT workload FROM records UNION ALL (SELECT model FROM records EXCEPT SELECT NULL) INTERSECT SELECT NULL',
    'SELECT * FROM (VALUES (1, 2), (3, 4)) v(a, b) SEMI JOIN (SELECT 1 AS a) USING (a)',
    'SELECT grouping(workload), workload, model, count(*) FROM records GROUP BY CUBE (workload, model)',
    'SELECT count(*) FROM records TABLESAMPLE 50%',
    "-- a comment; with a semicolon\nSELECT 'a;b' /* more; */ FROM records",
  ]
  for (const sql of ordinary) {
    await checkQuery(connection, sql, tables, system)
    await connection.run(sql)
  }
})

const columns = recordsTable.columns
const column = fc.constantFrom(...columns.map(({ name }) => name))
const numeric = fc.constantFrom(
  ...columns.filter(({ type }) => /INT|DOUBLE|DECIMAL/.test(type)).map(({ name }) => name),
)
const part = fc.oneof(
  column,
  fc.tuple(fc.constantFrom('sum', 'min', 'max', 'avg'), numeric).map(([name, of]) => `${name}(${of}) OVER ()`),
  numeric.map(name => `CASE WHEN ${name} > 1 THEN ${name} ELSE 0 END`),
  column.map(name => `coalesce(${name}::VARCHAR, '')`),
)
const condition = fc.oneof(
  column.map(name => `${name} IS NOT NULL`),
  fc.tuple(numeric, fc.integer()).map(([name, value]) => `${name} >= ${value}`),
  fc
    .tuple(column, fc.string({ maxLength: 8 }))
    .map(([name, text]) => `${name}::VARCHAR = '${text.replaceAll("'", "''").replaceAll('\0', '')}'`),
)
const statement = fc
  .record({
    parts: fc.array(part, { minLength: 1, maxLength: 6 }),
    where: fc.array(condition, { maxLength: 3 }),
    nested: fc.boolean(),
  })
  .map(({ parts, where, nested }) => {
    const from = nested ? '(SELECT * FROM records ORDER BY started_at DESC LIMIT 10) AS r' : 'records'
    return `SELECT ${parts.join(', ')} FROM ${from}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`
  })

test('whatever is made of columns, listed functions and conditions passes the check and runs', async t => {
  const connection = await closedConnection(t)
  await fc.assert(
    fc.asyncProperty(statement, async sql => {
      await checkQuery(connection, sql, tables, system)
      await connection.run(sql)
    }),
    { numRuns: 60 },
  )
})

test('a place is the line and column in characters, whatever comes before it', () => {
  assert.deepEqual(placeOf('SELECT\n nope', '8'), { line: 2, column: 2 })
  assert.deepEqual(placeOf("SELECT 'üß',\nx", Buffer.byteLength("SELECT 'üß',\n")), { line: 2, column: 1 })
  assert.deepEqual(placeOf("SELECT '😀', x", Buffer.byteLength("SELECT '😀', ")), { line: 1, column: 14 })
  assert.equal(placeOf('SELECT 1', 2 ** 64), null)
  assert.equal(placeOf('SELECT 1', undefined), null)
})
