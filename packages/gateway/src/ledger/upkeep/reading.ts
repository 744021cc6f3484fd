import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { attachError, databasePath } from '../store/database.ts'

/** Stores that are open for reading only, each under a name of its own. */
export interface Reading {
  readonly connection: DuckDBConnection
  close(): void
}

/**
 * Opens stores for reading only. The first one is the one that names without a store's name mean.
 * @param directories by the name that SQL has for the store.
 * @throws LedgerError (as a rejection) `ledger_in_use`, `ledger_corrupt`, `ledger_directory`
 */
export async function openReading(directories: Readonly<Record<string, string>>): Promise<Reading> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: '1GB',
    temp_directory: join(Object.values(directories)[0] ?? '', 'spill'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    for (const [name, directory] of Object.entries(directories)) {
      await connection
        .run(`ATTACH '${databasePath(directory).replaceAll("'", "''")}' AS ${name} (READ_ONLY)`)
        .catch(cause => {
          throw attachError(directory, cause)
        })
    }
    await connection.run(`USE ${Object.keys(directories)[0]}`)
    return {
      connection,
      close() {
        connection.closeSync()
        instance.closeSync()
      },
    }
  } catch (error) {
    instance.closeSync()
    throw error
  }
}
