/**
 * Data Explorer's part in DuckDB: takes lines by the rules of the mapping into `ExchangeRaw`, and answers the functions
 * in SQL that says the same as their KQL.
 */
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance, DuckDBTimestampValue } from '@duckdb/node-api'
import { columnsOf, longColumns, mapping } from './files.ts'
import type { Line } from './lines.ts'

const sqlTypes: Readonly<Record<string, string>> = {
  string: 'VARCHAR',
  dynamic: 'VARCHAR',
  bool: 'BOOLEAN',
  real: 'DOUBLE',
  int: 'INTEGER',
  long: 'BIGINT',
}

const columns = columnsOf('ExchangeRaw')
const members = new Map(mapping.map(({ column, Properties }) => [column, Properties.Path.slice(2)]))
/** Length at which a string is cut in silence, in bytes. */
const stringMax = (column: string): number => (longColumns.has(column) ? 32 * 1_048_576 : 1_048_576)

export type Row = Readonly<Record<string, string | number | boolean | null>>

export class StandInCluster {
  readonly #connection: DuckDBConnection

  static async open(t: TestContext): Promise<StandInCluster> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
    const connection = await instance.connect()
    t.after(() => {
      connection.closeSync()
      instance.closeSync()
    })
    const raw = columns.map(([name, type]) => `"${name}" ${sqlTypes[type]}`)
    await connection.run(`CREATE TABLE ExchangeRaw (${raw.join(', ')})`)
    await connection.run(
      'CREATE TABLE PtuCapacity (Instance VARCHAR, Deployment VARCHAR, TokensPerMinute DOUBLE, CompletionTokenWeight DOUBLE)',
    )
    const functions = readFileSync(new URL('functions.sql', import.meta.url), 'utf8')
    for (const statement of functions.split(/;\s*$/m)) if (statement.trim() !== '') await connection.run(statement)
    return new StandInCluster(connection)
  }

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  async ingest(lines: readonly Line[]): Promise<void> {
    const appender = await this.#connection.createAppender('ExchangeRaw')
    for (const line of lines) {
      // The line is sent as JSON.
      const received = JSON.parse(JSON.stringify(line)) as Line
      for (const [name, type] of columns) append(appender, name, type, received[members.get(name) ?? ''] ?? null)
      appender.endRow()
    }
    appender.closeSync()
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql)
  }

  /** Rows of a function. Instants are milliseconds since the epoch. */
  async call(name: string, ...texts: readonly string[]): Promise<{ readonly columns: string[]; readonly rows: Row[] }> {
    const values = texts.map(text => (/^\d{4}-\d\d-\d\d/.test(text) ? `TIMESTAMP '${text}'` : `'${text}'`))
    const result = await this.#connection.runAndReadAll(`SELECT * FROM ${name}(${values.join(', ')})`)
    const rows = result.getRowObjects().map(row => mapValues(row, plain))
    return { columns: result.columnNames(), rows }
  }
}

/** As the cluster reads a member of a JSON line. A string that is not there is empty: KQL knows no null string. */
function append(appender: DuckDBAppender, name: string, type: string, value: unknown): void {
  if (type === 'string') appender.appendVarchar(cut(typeof value === 'string' ? value : '', stringMax(name)))
  else if (value === null) appender.appendNull()
  else if (type === 'dynamic') appender.appendVarchar(JSON.stringify(value))
  else if (type === 'bool') appender.appendBoolean(value === true)
  else if (type === 'real') appender.appendDouble(Number(value))
  else if (type === 'int') appender.appendInteger(Number(value))
  else appender.appendBigInt(BigInt(Number(value)))
}

const cut = (text: string, bytes: number): string =>
  text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes ? text : Buffer.from(text).toString('utf8', 0, bytes)

function plain(value: unknown): string | number | boolean | null {
  if (value instanceof DuckDBTimestampValue) return Number(value.micros) / 1_000
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

const mapValues = <From, To>(row: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, change(value)]))
