/**
 * The process of one question. It gets its task in a message, writes the answer to its standard output, says how it
 * went in a message, and is ended by its parent. Its environment is empty.
 */
import { writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { type DuckDBConnection, DuckDBInstance, StatementType } from '@duckdb/node-api'
import { checkQuery, placeOf } from './check.ts'
import { bodiesTable, recordsTable } from './columns.ts'
import { QueryFault, queryStartMs, tooMuchMemory } from './index.ts'
import type { FromQuery, QueryTask } from './messages.ts'
import { writeRows } from './rows.ts'
import { makeTables } from './views.ts'
import { watchProcess } from './watch/index.ts'

const megabyte = 1_048_576
/** After the time of a question, its parent has killed the process. */
const graceMs = 2_000

function say(message: FromQuery): void {
  process.send?.(message)
}

/** Calls of the gateway come first, and where memory runs out, this process is the one to end. */
function stepBack(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Not every system has these; the bounds of the parent hold without them.
  }
}

async function openInstance({ memoryMb }: QueryTask): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: `${memoryMb}MB`,
    // Nothing is written to a disk, not even for a moment.
    temp_directory: '',
    max_temp_directory_size: '0B',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
    errors_as_json: 'true',
  })
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  return connection
}

/** Names that a part of a question could take from DuckDB's own catalog. */
async function systemNames(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const result = await connection.runAndReadAll(
    "SELECT lower(view_name) FROM duckdb_views() WHERE schema_name IN ('main', 'pg_catalog') UNION SELECT lower(table_name) FROM duckdb_tables()",
  )
  return new Set(result.getRows().map(([name]) => String(name)))
}

async function answer(task: QueryTask, began: number): Promise<void> {
  const connection = await openInstance(task)
  const tables = [recordsTable, ...(task.bodies === null ? [] : [bodiesTable])].map(({ name }) => name)
  await checkQuery(connection, task.sql, tables, await systemNames(connection))
  const bodies = await makeTables(connection, task)
  say({ kind: 'began' })
  const statements = await connection.extractStatements(task.sql)
  if (statements.count !== 1) throw new QueryFault('query_refused', 'Write one SELECT.')
  const statement = await statements.prepare(0)
  if (statement.statementType !== StatementType.SELECT || statement.parameterCount > 0) {
    throw new QueryFault('query_refused', 'Only one SELECT is taken here.')
  }
  let bytes = 0
  const write = (text: string): void => {
    const piece = Buffer.from(text)
    bytes += piece.byteLength
    process.stdout.write(piece)
  }
  const { rows, truncated } = await writeRows(await statement.stream(), task, write)
  const elapsedMs = Math.round(performance.now() - began)
  write(`],"truncated":${JSON.stringify(truncated)},"elapsedMs":${elapsedMs},"bodies":${JSON.stringify(bodies)}}`)
  say({ kind: 'done', rows, truncated, bytes, elapsedMs })
}

/** What DuckDB says when it fails, as `errors_as_json` has it write it. */
interface DuckDBFault {
  readonly exception_type?: string
  readonly exception_message?: string
  readonly position?: string
}

function faultOf(error: unknown, sql: string): FromQuery {
  if (error instanceof QueryFault) {
    return { kind: 'fault', code: error.code, message: error.message, place: error.place }
  }
  const text = error instanceof Error ? error.message : String(error)
  const fault = duckdbFault(text)
  if (fault === null) return { kind: 'broken', message: text }
  const { exception_type: type = '', exception_message: message = text, position } = fault
  if (type === 'Out of Memory') return { kind: 'fault', code: 'query_stopped', message: tooMuchMemory, place: null }
  if (type === 'Permission') return { kind: 'fault', code: 'query_refused', message: notAllowed, place: null }
  return { kind: 'fault', code: 'query_failed', message: `${type} error: ${message}`, place: placeOf(sql, position) }
}

const notAllowed = 'The query asks for something outside of the ledger. Queries read its tables alone.'

function duckdbFault(text: string): DuckDBFault | null {
  try {
    const fault: unknown = JSON.parse(text)
    return typeof fault === 'object' && fault !== null ? fault : null
  } catch {
    return null
  }
}

process.once('message', (task: QueryTask) => {
  const began = performance.now()
  stepBack()
  const { processMb, timeoutMs } = task
  watchProcess({ bytesMax: processMb * megabyte, lifeMs: queryStartMs + timeoutMs + graceMs, parent: process.ppid })
  answer(task, began).catch((error: unknown) => say(faultOf(error, task.sql)))
})
// The gateway has gone: nobody waits for an answer.
process.once('disconnect', () => process.exit(0))
