/** Queries that answer what people ask most, for a period and a workload. */
import type { Range } from '../../app/period.ts'
import { query as text } from '../../texts/query.ts'

type Name = keyof typeof text.examples

export interface Example {
  readonly name: string
  readonly sql: string
}

const timestamp = (ms: number): string => `TIMESTAMP '${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}'`
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`

export function examplesFor({ fromMs, toMs }: Range, workload: string | undefined): readonly Example[] {
  const period = `started_at >= ${timestamp(fromMs)} AND started_at < ${timestamp(toMs)}`
  const where = workload === undefined ? period : `${period}\n  AND workload = ${literal(workload)}`
  const written: Readonly<Record<Name, string>> = {
    cost: `SELECT workload, sum(calls) AS calls, sum(total_tokens) AS tokens, sum(cost) AS cost, any_value(currency) AS currency
FROM records
WHERE ${where}
GROUP BY workload
ORDER BY cost DESC NULLS LAST`,
    daily: `SELECT started_at::DATE AS day, model, sum(cost) AS cost
FROM records
WHERE ${where}
  AND cost IS NOT NULL
GROUP BY ALL
ORDER BY day, model`,
    slow: `SELECT model, count(*) AS calls,
  round(quantile_cont(duration_ms, 0.5)) AS p50_ms,
  round(quantile_cont(duration_ms, 0.95)) AS p95_ms,
  round(quantile_cont(time_to_first_byte_ms, 0.95)) AS first_byte_p95_ms
FROM records
WHERE ${where}
  AND outcome = 'completed'
GROUP BY model
ORDER BY p95_ms DESC`,
    refusals: `SELECT coalesce(any_value(caller_name), caller_key, 'without a token') AS caller,
  sum(calls) AS refused, mode(outcome_code) AS most_often
FROM records
WHERE ${where}
  AND outcome = 'refused'
GROUP BY caller_key
ORDER BY refused DESC
LIMIT 20`,
    errors: `SELECT coalesce(outcome_code, 'status ' || status) AS reason, instance, sum(calls) AS calls
FROM records
WHERE ${where}
  AND (outcome = 'failed' OR status >= 400)
GROUP BY ALL
ORDER BY calls DESC`,
    first: `SELECT date_trunc('hour', started_at) AS hour,
  quantile_cont(time_to_first_byte_ms, 0.5) AS p50_ms,
  quantile_cont(time_to_first_byte_ms, 0.95) AS p95_ms
FROM records
WHERE ${where}
GROUP BY hour
ORDER BY hour`,
    cached: `SELECT workload, sum(prompt_tokens) AS prompt_tokens,
  round(100 * sum(cached_tokens) / sum(prompt_tokens), 1) AS cached_percent
FROM records
WHERE ${where}
  AND prompt_tokens > 0
GROUP BY workload
ORDER BY prompt_tokens DESC`,
    large: `SELECT id, started_at, workload, caller_name, model, total_tokens, cost, currency
FROM records
WHERE ${where}
ORDER BY total_tokens DESC NULLS LAST
LIMIT 20`,
  }
  return (Object.keys(written) as Name[]).map(name => ({ name: text.examples[name], sql: written[name] }))
}
