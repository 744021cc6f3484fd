/** Reads what a feed of kind `files` wrote, as a receiver would. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

export type FiledRecord = Readonly<Record<string, unknown>>

/** All records, in no order; doubles included. */
export function recordsInLines(directory: string): FiledRecord[] {
  return globSync('day=*/hour=*/*.jsonl', { cwd: directory })
    .filter(name => !name.includes('/_'))
    .flatMap(name => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
    .map(line => JSON.parse(line) as FiledRecord)
}

/** The same of Parquet; columns of the type JSON are texts, and whole numbers are numbers. */
export function recordsInParquet(directory: string): Promise<FiledRecord[]> {
  const files = join(directory, 'day=*', 'hour=*', '*.parquet').replaceAll("'", "''")
  return answerOf(`SELECT * FROM read_parquet('${files}', hive_partitioning = false)`)
}

/** Rows that DuckDB answers with; whole numbers are numbers. */
export async function answerOf(query: string): Promise<FiledRecord[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const result = await connection.runAndReadAll(query)
    return result
      .getRowObjects()
      .map(row =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
        ),
      )
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** Each id once: what a receiver keeps. */
export function withoutDoubles(records: readonly FiledRecord[]): ReadonlyMap<string, FiledRecord> {
  return new Map(records.map(record => [String(record['id']), record]))
}
