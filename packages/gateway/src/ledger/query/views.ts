/** Puts the table of a question together from a copy of the store. */
import { randomBytes } from 'node:crypto'
import type { DuckDBConnection } from '@duckdb/node-api'
import { archivedSql } from '../store/archives.ts'
import { recordColumns } from '../store/schema.ts'
import { makeBodies } from './bodies-table.ts'
import { recordsTable, textsTable } from './columns.ts'
import type { BodiesRead } from './index.ts'
import type { QueryTask } from './messages.ts'

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const allColumns = recordColumns.map(({ name }) => name).join(', ')
const nameColumns = recordColumns.filter(({ kind }) => kind === 'name')
const dictionaries = [...new Set(nameColumns.map(({ dictionary }) => dictionary))]

/** Databases of a question, by names that nobody can guess. */
interface Rooms {
  /** The copy of the store. */
  readonly store: string
  /** In memory: what is made for this question. */
  readonly made: string
}

/**
 * Makes the view `records` and closes the way to every file that it does not read.
 * @param workloads as `LedgerQuery.workloads`. A view that filters would not be enough: a condition of the question may
 *   run before that of the view and tell by an error what it saw. So these rows are copied, and the store is let go.
 */
export async function makeTables(
  connection: DuckDBConnection,
  { snapshot, workloads, bodies }: Pick<QueryTask, 'snapshot' | 'workloads' | 'bodies'>,
): Promise<BodiesRead | null> {
  const secret = randomBytes(16).toString('hex')
  const rooms: Rooms = { store: `s_${secret}`, made: `m_${secret}` }
  const { store, made } = rooms
  await connection.run(`ATTACH ${literal(snapshot.store)} AS ${store} (READ_ONLY)`)
  await connection.run(`ATTACH ':memory:' AS ${made} (COMPRESS)`)
  await connection.run(`CREATE TABLE ${made}.later AS FROM read_parquet(${literal(snapshot.laterRecords)})`)
  await connection.run(`CREATE TABLE ${made}.later_names AS FROM read_parquet(${literal(snapshot.laterNames)})`)
  const archives = await archivesOf(connection, store)
  const rows = [`SELECT ${allColumns} FROM ${store}.records`, `SELECT ${allColumns} FROM ${made}.later`]
  if (archives.length > 0) rows.push(archivedSql(snapshot.archives, archives))
  const names = `(FROM ${store}.names UNION ALL FROM ${made}.later_names)`
  if (workloads === null) {
    await connection.run(`CREATE VIEW ${made}.records AS ${rows.join(' UNION ALL ')}`)
    await connection.run(`CREATE VIEW ${made}.names AS ${names}`)
  } else {
    await takeOwn(connection, made, { rows: rows.join(' UNION ALL '), names }, workloads)
    await connection.run(`DETACH ${store}`)
  }
  await makeTexts(connection, made)
  await connection.run(`CREATE VIEW memory.main.records AS ${viewSql(made)}`)
  const read = bodies === null ? null : await makeBodies(connection, made, bodies)
  await close(connection, workloads === null && archives.length > 0 ? snapshot.archives : null)
  return read
}

async function archivesOf(connection: DuckDBConnection, store: string) {
  const result = await connection.runAndReadAll(`SELECT file, format FROM ${store}.archives ORDER BY day, file`)
  return result.getRows().map(([file, format]) => ({ file: String(file), format: Number(format) }))
}

/** Copies the records of some workloads, and the names that they have. */
async function takeOwn(
  connection: DuckDBConnection,
  made: string,
  from: { readonly rows: string; readonly names: string },
  workloads: readonly string[],
): Promise<void> {
  const own = workloads.length === 0 ? "''" : workloads.map(literal).join(', ')
  const codes = `SELECT code FROM ${from.names} WHERE dictionary = 'workload' AND text IN (${own})`
  await connection.run(`CREATE TABLE ${made}.records AS FROM (${from.rows}) WHERE workload IN (${codes})`)
  const used = nameColumns.map(
    ({ name, dictionary }) => `SELECT DISTINCT '${dictionary}' AS dictionary, ${name} AS code FROM ${made}.records`,
  )
  await connection.run(
    `CREATE TABLE ${made}.names AS FROM ${from.names} n SEMI JOIN (${used.join(' UNION ALL ')}) u USING (dictionary, code)`,
  )
}

/**
 * One row with a list for each dictionary, in which a name is at the place of its number: looking up a million names
 * takes a fifth of the time of a join, and nothing where the question does not show them.
 */
async function makeTexts(connection: DuckDBConnection, made: string): Promise<void> {
  const found = await connection.runAndReadAll(`SELECT dictionary, max(code) FROM ${made}.names GROUP BY dictionary`)
  const last = new Map(found.getRows().map(([dictionary, code]) => [String(dictionary), Number(code)]))
  const lists = dictionaries.map(dictionary => {
    const texts = `(SELECT code, text FROM ${made}.names WHERE dictionary = '${dictionary}')`
    return `(SELECT list(t.text ORDER BY s.code) FROM range(0, ${(last.get(dictionary) ?? 0) + 1}) s(code) LEFT JOIN ${texts} t ON t.code = s.code) AS ${dictionary}`
  })
  await connection.run(`CREATE TABLE ${made}.texts AS SELECT ${lists.join(', ')}`)
}

function viewSql(made: string): string {
  const columns = recordsTable.columns.map(({ name, type, sql }) => `(${sql})::${type} AS ${name}`)
  return `SELECT ${columns.join(', ')} FROM ${made}.records r`.replaceAll(textsTable, `${made}.texts`)
}

/** From here on nothing else can be read. @param archives directory that the view reads; null for none. */
async function close(connection: DuckDBConnection, archives: string | null): Promise<void> {
  if (archives !== null) await connection.run(`SET allowed_directories = [${literal(`${archives}/`)}]`)
  await connection.run('SET enable_external_access = false')
  await connection.run('SET lock_configuration = true')
}
