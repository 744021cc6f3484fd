import { setImmediate as turn } from 'node:timers/promises'
import {
  type DuckDBConnection,
  type DuckDBPendingResult,
  DuckDBPendingResultState,
  type DuckDBPreparedStatement,
} from '@duckdb/node-api'

/**
 * Makes this connection compute its answers on the thread that uses it, a piece at a time, and returns it. By default
 * DuckDB computes on the four threads on which the process also writes the journal, where each call would wait for the
 * reports of people.
 */
export function computedHere(connection: DuckDBConnection): DuckDBConnection {
  connection.runAndReadAll = async (sql, values, types) => {
    const statement = await connection.prepare(sql)
    try {
      if (values !== undefined) statement.bind(values, types)
      return await (await computed(statement)).readAll()
    } finally {
      statement.destroySync()
    }
  }
  return connection
}

/** Executes a statement on the thread that uses its connection, for the same reason. */
export async function runHere(statement: DuckDBPreparedStatement): Promise<void> {
  await (await computed(statement)).getResult()
}

async function computed(statement: DuckDBPreparedStatement): Promise<DuckDBPendingResult> {
  const pending = statement.start()
  // A piece reads some 100,000 rows at most. Between two pieces other questions go on, records are loaded, and a
  // question that takes too long is interrupted. A join whose one row has millions of others is one piece.
  while (pending.runTask() !== DuckDBPendingResultState.RESULT_READY) await turn()
  return pending
}
