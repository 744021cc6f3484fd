import type { DuckDBConnection } from '@duckdb/node-api'
import type { ErrorLine } from '../../people.ts'
import { type Outcome, outcomes } from '../../record.ts'
import type { RecordFilter } from '../../reports.ts'
import { readArchives } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { inSnapshot } from '../transaction.ts'
import { sumsOf } from './sums.ts'

/** Kinds of errors of an answer, those with most calls. There are about a hundred codes. */
const linesMax = 200

/**
 * How calls ended badly, and how often each: most calls first.
 * @param directory of the archives.
 */
export function errors(
  connection: DuckDBConnection,
  names: Dictionaries,
  filter: RecordFilter,
  directory: string,
): Promise<readonly ErrorLine[]> {
  return inSnapshot(connection, async () => {
    const sums = sumsOf(filter, names, { directory, files: await readArchives(connection) })
    const found = await connection.runAndReadAll(
      `SELECT outcome, outcome_code, status, sum(calls), max(newest_ms) FROM (${sums.sql})
       WHERE outcome <> ${names.find('outcome', 'completed') ?? -1} OR status >= 400
       GROUP BY ALL ORDER BY sum(calls) DESC, outcome, outcome_code, status LIMIT ${linesMax}`,
      sums.values,
    )
    return found.getRows().flatMap(([outcome, code, status, calls, newestMs]) => {
      const name = names.textOf('outcome', Number(outcome))
      if (name === null || !isOutcome(name)) return []
      return {
        outcome: name,
        code: names.textOf('outcome_code', Number(code ?? 0)),
        status: status === null || status === undefined ? null : Number(status),
        calls: Number(calls),
        lastCallAtMs: Number(newestMs),
      }
    })
  })
}

function isOutcome(name: string): name is Outcome {
  return (outcomes as readonly string[]).includes(name)
}
