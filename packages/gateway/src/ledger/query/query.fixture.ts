/** Ledgers to query, and statements that must not run. */
import type { TestContext } from 'node:test'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { silentLog } from '../../log.ts'
import { closedOf, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import type { Closed, Opened } from '../record.ts'
import { Store } from '../store/store.ts'
import type { LedgerQuery, QueryResult } from './index.ts'
import { makeTables } from './views.ts'

export interface Exchange {
  readonly opened?: Partial<Opened>
  readonly closed?: Partial<Closed>
}

export async function record(ledger: Ledger, ...exchanges: readonly Exchange[]): Promise<void> {
  for (const { opened, closed } of exchanges) {
    const id = newId()
    await ledger.journal.close({ ...closedOf(id, closed), opened: openedOf(id, opened) }, [])
  }
}

/** Asks as the management API does. */
export async function ask(ledger: Ledger, sql: string, over: Partial<LedgerQuery> = {}): Promise<QueryResult> {
  const query: LedgerQuery = { sql, rowsMax: 1_000, timeoutMs: 30_000, workloads: null, bodies: null, ...over }
  const { json } = await ledger.query(query, new AbortController().signal)
  return JSON.parse(json.toString()) as QueryResult
}

/** DuckDB in this process, as the process of a question has it, with the tables of a ledger. */
export async function closedConnection(
  t: TestContext,
  workloads: readonly string[] | null = null,
): Promise<DuckDBConnection> {
  const directory = temporaryDirectory('query')
  const ledger = await testLedger(t, directory)
  await record(ledger, {}, { opened: { workload: 'other', callerName: 'Secret Caller' } }, { opened: { stream: true } })
  await ledger.close()
  const store = await Store.open({ directory, log: silentLog, names: {}, loadTo: null })
  t.after(() => store.close())
  const connection = await freshConnection(t)
  await makeTables(connection, { snapshot: await store.querySnapshot(), workloads, bodies: null })
  return connection
}

export async function freshConnection(t: TestContext): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '256MB' })
  t.after(() => instance.closeSync())
  return instance.connect()
}

/** Each reaches for something outside of the records, changes something, or hides that it does. */
export const hostile: readonly string[] = [
  "SELECT * FROM read_csv('/etc/passwd')",
  "SELECT * FROM read_csv_auto('/etc/passwd')",
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT * FROM read_blob('/etc/*')",
  "SELECT * FROM read_json('/etc/passwd')",
  "SELECT * FROM read_ndjson_objects('/etc/passwd')",
  "SELECT * FROM read_parquet('/tmp/*.parquet')",
  "SELECT * FROM parquet_scan('/tmp/x.parquet')",
  "SELECT * FROM parquet_metadata('/tmp/x.parquet')",
  "SELECT * FROM parquet_kv_metadata('/tmp/x.parquet')",
  "SELECT * FROM read_duckdb('/tmp/x.duckdb')",
  "SELECT * FROM sniff_csv('/etc/passwd')",
  "SELECT * FROM glob('/etc/*')",
  "SELECT * FROM '/etc/passwd'",
  "FROM '/etc/passwd'",
  'FROM "/etc/passwd"',
  "TABLE '/etc/passwd'",
  "SELECT * FROM 'https://example.invalid/x.csv'",
  'SELECT * FROM "s3://bucket/x.parquet"',
  `SELECT * FROM (WITH "/etc/passwd" AS (SELECT 1) SELECT * FROM "/etc/passwd") a, "/etc/passwd"`,
  "ATTACH '/tmp/x.duckdb' AS x",
  "ATTACH ':memory:' AS x",
  'DETACH memory',
  'USE system',
  "COPY records TO '/tmp/x.csv'",
  "COPY (SELECT 1) TO '/dev/stdout'",
  "COPY records FROM '/etc/passwd'",
  "EXPORT DATABASE '/tmp/x'",
  "IMPORT DATABASE '/tmp/x'",
  'INSTALL httpfs',
  'LOAD httpfs',
  "LOAD '/tmp/x.duckdb_extension'",
  'PRAGMA database_list',
  'PRAGMA version',
  "PRAGMA enable_profiling='json'",
  'CALL pragma_version()',
  "SET memory_limit='100GB'",
  'SET enable_external_access=true',
  "SET GLOBAL temp_directory='/tmp'",
  'RESET memory_limit',
  'SET VARIABLE x = 1',
  'CREATE TABLE x AS SELECT 1',
  'CREATE OR REPLACE VIEW records AS SELECT 1',
  'CREATE TEMP TABLE x (a INTEGER)',
  'CREATE MACRO f(a) AS a + 1',
  'CREATE SECRET (TYPE s3)',
  'CREATE SEQUENCE s',
  'DROP VIEW records',
  'ALTER TABLE records ADD COLUMN x INTEGER',
  'INSERT INTO records VALUES (1)',
  "UPDATE records SET workload = 'x'",
  'DELETE FROM records',
  'TRUNCATE records',
  'WITH x AS (DELETE FROM records RETURNING *) SELECT * FROM x',
  'BEGIN',
  'CHECKPOINT',
  'VACUUM',
  'ANALYZE',
  'PREPARE p AS SELECT 1',
  'EXECUTE p',
  'EXPLAIN SELECT * FROM records',
  'EXPLAIN ANALYZE SELECT * FROM records',
  'DESCRIBE records',
  'DESCRIBE SELECT * FROM records',
  'SUMMARIZE records',
  'SHOW TABLES',
  'SHOW ALL TABLES',
  'SHOW DATABASES',
  'SELECT 1; SELECT 2',
  'SELECT 1; DROP VIEW records',
  "SELECT 1 /* ; */ ; COPY records TO '/tmp/x' --",
  '',
  ';',
  '-- nothing',
  "SELECT getenv('HOME')",
  "SELECT current_setting('memory_limit')",
  "SELECT getvariable('x')",
  "SELECT nextval('s')",
  'SELECT sleep_ms(100000)',
  'SELECT pg_sleep(1000)',
  "SELECT write_log('x')",
  "SELECT error('x')",
  'SELECT txid_current()',
  'SELECT current_query()',
  'SELECT current_schemas(true)',
  'SELECT inet_client_addr()',
  "SELECT json_serialize_plan('SELECT * FROM records')",
  "SELECT json_deserialize_sql('{}')",
  "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
  "SELECT * FROM query('SELECT 1')",
  "SELECT * FROM query_table('records')",
  "SELECT * FROM query_table(['records'])",
  "SELECT * FROM sql_auto_complete('SEL')",
  'SELECT * FROM duckdb_secrets()',
  'SELECT * FROM duckdb_settings()',
  'SELECT * FROM duckdb_tables()',
  'SELECT * FROM duckdb_databases()',
  'SELECT * FROM duckdb_extensions()',
  'SELECT * FROM duckdb_logs()',
  'SELECT * FROM duckdb_temporary_files()',
  'SELECT * FROM pragma_database_list',
  'SELECT * FROM pragma_database_size()',
  "SELECT * FROM pragma_storage_info('records')",
  "SELECT * FROM pragma_table_info('records')",
  'SELECT * FROM information_schema.tables',
  'SELECT * FROM pg_catalog.pg_class',
  'SELECT * FROM sqlite_master',
  'SELECT * FROM duckdb_views',
  'SELECT * FROM main.records',
  'SELECT * FROM memory.main.records',
  'SELECT * FROM system.main.duckdb_views',
  'WITH duckdb_views AS (SELECT 1) SELECT * FROM duckdb_views',
  'SELECT * FROM (WITH sqlite_master AS (SELECT 1) FROM sqlite_master) a, sqlite_master',
  'SELECT * FROM seq_scan(records)',
  'SELECT * FROM arrow_scan(1, 2, 3)',
  'SELECT * FROM repeat(1, 1000000000)',
  'SELECT * FROM test_all_types()',
  'SELECT * FROM checkpoint()',
  'SELECT * FROM force_checkpoint()',
  'SELECT * FROM enable_logging()',
  "SELECT * FROM which_secret('s3://x', 's3')",
  "SELECT main.current_setting('threads')",
  'SELECT system.main.abs(1)',
  'SELECT $1',
  'SELECT ?',
  'SELECT $name',
  'SELECT "GETENV"(\'HOME\')',
  "SELECT 'HOME'.getenv()",
  'SELECT (SELECT * FROM duckdb_settings() LIMIT 1)',
  "SELECT 1 WHERE EXISTS (FROM glob('/etc/*'))",
  "SELECT * FROM records JOIN read_text('/etc/passwd') ON true",
  "SELECT * FROM records, LATERAL (SELECT * FROM read_text('/etc/passwd'))",
  "SELECT count(*) OVER (ORDER BY current_setting('threads')) FROM records",
  "SELECT list_transform([1], lambda x: current_setting('threads'))",
  "SELECT CASE WHEN true THEN current_setting('threads') END",
  "SELECT * FROM records ORDER BY current_setting('threads')",
  "SELECT sum(1) FILTER (current_setting('threads') = '1') FROM records",
  "SELECT * FROM records LIMIT (SELECT current_setting('threads')::INTEGER)",
  "FROM records PIVOT (count(*) FOR workload IN (SELECT current_setting('threads')))",
  'PIVOT records ON workload',
  "VALUES (current_setting('threads'))",
  "SELECT * REPLACE (current_setting('threads') AS workload) FROM records",
  "SELECT [current_setting('threads') FOR x IN [1]]",
]
