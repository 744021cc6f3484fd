import type { DuckDBConnection } from '@duckdb/node-api'
import type { SpentGroup } from '../../reports.ts'
import { readArchives } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { sumsOf } from './sums.ts'

/** Usage of calls that began within [fromMs, toMs), one group per workload, caller, deployment and instance. */
export async function spent(
  connection: DuckDBConnection,
  names: Dictionaries,
  fromMs: number,
  toMs: number,
  directory: string,
): Promise<readonly SpentGroup[]> {
  const archives = { directory, files: await readArchives(connection) }
  const sums = sumsOf({ fromMs, toMs }, names, archives)
  const result = await connection.runAndReadAll(
    `SELECT workload, caller_key, deployment, instance, sum(records), sum(prompt_tokens), sum(cached_tokens),
       sum(completion_tokens), sum(cost_nano)::DOUBLE, max(newest_ms)
     FROM (${sums.sql}) WHERE outcome <> ${names.find('outcome', 'refused') ?? -1} GROUP BY ALL`,
    sums.values,
  )
  return result.getRows().map(cells => {
    const name = (index: number, dictionary: string): string | null => names.textOf(dictionary, Number(cells[index]))
    const number = (index: number): number => Number(cells[index] ?? 0)
    return {
      workload: name(0, 'workload'),
      callerKey: name(1, 'caller_key'),
      deployment: name(2, 'deployment'),
      instance: name(3, 'instance'),
      calls: number(4),
      promptTokens: number(5),
      cachedTokens: number(6),
      completionTokens: number(7),
      costNano: number(8),
      startedAtMs: number(9),
    }
  })
}
