import type { DuckDBConnection } from '@duckdb/node-api'

/** Does some work in a transaction: all of it, or none where it fails. */
export async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN')
  try {
    const result = await work()
    await connection.run('COMMIT')
    return result
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => {})
    throw error
  }
}

/** Reads several times in one state of the store. */
export async function inSnapshot<T>(connection: DuckDBConnection, read: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN TRANSACTION READ ONLY')
  try {
    return await read()
  } finally {
    await connection.run('ROLLBACK').catch(() => {})
  }
}
