/** A store of millions of records, made by DuckDB itself: through the journal, ten million would take minutes. */
import { systemClock } from '../packages/gateway/src/clock.ts'
import type { ColumnKind } from '../packages/gateway/src/ledger/field.ts'
import { openDatabase } from '../packages/gateway/src/ledger/store/database.ts'
import { type Column, recordColumns } from '../packages/gateway/src/ledger/store/schema.ts'

const dayMs = 86_400_000
/** Days over which the records are spread, up to now. */
const days = 30

/**
 * An organisation of 400 callers in 40 workloads: few callers make most calls, most of them as one workload, and days
 * have a busy and a quiet half.
 */
const callers = 400
const workloads = 40
const deployments = ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-5', 'gpt-5-mini', 'o4-mini', 'text-embedding-3-small']
const instances = 6
const operations = ['chat/completions', 'responses', 'embeddings']
const outcomes = ['completed', 'refused', 'failed', 'aborted', 'interrupted']

const numbered = (count: number, name: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => name(index))
const oid = (index: number): string => `22222222-3333-4444-5555-${String(index).padStart(12, '0')}`
const tenant = '11111111-2222-3333-4444-555555555555'

/** By dictionary; the number of a name is its place from 1 on. */
const dictionaries: Readonly<Record<string, readonly string[]>> = {
  caller_kind: ['user'],
  caller_tenant_id: [tenant],
  caller_object_id: numbered(callers, oid),
  caller_app_id: ['33333333-4444-5555-6666-777777777777'],
  caller_name: numbered(callers, index => `Person ${index}`),
  caller_key: numbered(callers, index => `user:${tenant}/${oid(index)}`),
  workload: numbered(workloads, index => `workload-${index}`),
  target: ['main'],
  instance: numbered(instances, index => `openai-${index}`),
  region: ['swedencentral', 'eastus2'],
  deployment: deployments,
  model: deployments.flatMap(name => [name, `${name}-2026-05-01`]),
  operation: operations,
  api_version: ['2024-10-21'],
  method: ['POST'],
  path: operations.map(operation => `/main/openai/v1/${operation}`),
  user_agent: ['OpenAI/Python 1.52.0', 'AzureOpenAI/JS 6.1.0'],
  request_content_type: ['application/json'],
  response_content_type: ['application/json', 'text/event-stream'],
  client_address: numbered(200, index => `10.0.0.${index}`),
  outcome: outcomes,
  outcome_code: ['tokens_limit_reached', 'stream_idle_timeout', 'client_left', 'process_died'],
  usage_source: ['reported', 'counted', 'bounded', 'none'],
  finish_reason: ['stop', 'length', 'tool_calls'],
  currency: ['USD'],
  price: ['gpt-4o 2026-01-01'],
}

/** A whole number below `most`, at random but the same for the same record. */
const any = (salt: number, most: number): string => `((hash(i + ${salt}000000000) >> 17) % ${most})::INTEGER`

/** Expressions over `i` (the number of a record) and what `drawn` has of it. */
const expressions: Readonly<Record<string, string>> = {
  id: `(printf('%012x', ms) || printf('7%03x', i % 4096) || '8' || printf('%015x', i))::UUID`,
  sequence: 'i + 1',
  started_at_ms: 'ms::DOUBLE',
  sent_at_ms: '(ms + 1)::DOUBLE',
  first_byte_at_ms: `(ms + 300 + ${any(1, 400)})::DOUBLE`,
  ended_at_ms: `(ms + 900 + ${any(2, 9_000)})::DOUBLE`,
  start_hour: `(ms // ${dayMs / 24})::INTEGER`,
  start_day: `(ms // ${dayMs})::INTEGER`,
  start_month: "datediff('month', DATE '1970-01-01', epoch_ms(ms)::DATE)::INTEGER",
  caller_object_id: 'caller + 1',
  caller_name: 'caller + 1',
  caller_key: 'caller + 1',
  workload: 'workload + 1',
  deployment: 'deployment + 1',
  requested_model: '2 * deployment + 1',
  served_model: 'CASE WHEN outcome = 2 THEN 0 ELSE 2 * deployment + 2 END',
  operation: `CASE WHEN deployment = ${deployments.length - 1} THEN 3 ELSE 1 + (caller % 9 = 0)::INTEGER END`,
  path: `CASE WHEN deployment = ${deployments.length - 1} THEN 3 ELSE 1 + (caller % 9 = 0)::INTEGER END`,
  instance: `CASE WHEN outcome = 2 THEN 0 ELSE 1 + (deployment + ${any(3, 2)}) % ${instances} END`,
  region: 'CASE WHEN outcome = 2 THEN 0 ELSE 1 + deployment % 2 END',
  client_address: '1 + caller % 200',
  user_agent: '1 + caller % 2',
  stream: `${any(4, 3)} = 0`,
  response_content_type: `1 + (${any(4, 3)} = 0)::INTEGER`,
  outcome: 'outcome',
  outcome_code: 'outcome - 1',
  status: 'CASE outcome WHEN 2 THEN 429 WHEN 3 THEN 502 WHEN 5 THEN NULL ELSE 200 END',
  usage_source: 'CASE outcome WHEN 1 THEN 1 WHEN 4 THEN 2 WHEN 5 THEN 3 ELSE 4 END',
  prompt_tokens: 'prompt',
  completion_tokens: 'completion',
  total_tokens: 'prompt + completion',
  cached_tokens: 'CASE WHEN prompt > 1500 THEN prompt // 2 END',
  reasoning_tokens: 'CASE WHEN prompt IS NULL THEN NULL ELSE 0 END',
  reserved_tokens: `2000 + ${any(5, 3_000)}`,
  cost_nano: 'coalesce(prompt * 2500 + completion * 10000, 0)::BIGINT',
  currency: 'CASE WHEN prompt IS NULL THEN 0 ELSE 1 END',
  price: 'CASE WHEN prompt IS NULL THEN 0 ELSE 1 END',
  finish_reason: `CASE WHEN outcome = 1 THEN 1 + ${any(6, 3)} ELSE 0 END`,
  request_bytes: `400 + ${any(7, 8_000)}`,
  response_bytes: `600 + ${any(8, 4_000)}`,
  only_attempt_ms: `CASE WHEN outcome = 2 THEN NULL ELSE (900 + ${any(2, 9_000)})::DOUBLE END`,
  backend_request_id: `CASE WHEN outcome = 2 THEN NULL ELSE md5(i::VARCHAR) END`,
  opened_at: '4294967296 * (1 + i // 60000) + 64 + (i % 60000) * 1000',
  closed_at: '4294967296 * (1 + i // 60000) + 564 + (i % 60000) * 1000',
}

const noValue: Readonly<Record<ColumnKind, string>> = {
  id: 'NULL',
  sequence: '0',
  name: '0',
  real: 'NULL',
  whole: 'NULL',
  long: '0',
  flag: 'false',
  text: 'NULL',
}
const oneValue: ReadonlySet<string> = new Set([
  ...['caller_kind', 'caller_tenant_id', 'caller_app_id', 'target', 'api_version', 'method', 'request_content_type'],
])
const expressionOf = ({ name, kind }: Column): string => expressions[name] ?? (oneValue.has(name) ? '1' : noValue[kind])

/** Records of a statement: its intermediate rows must fit into the store's memory. */
const chunkRecords = 500_000

/** Fills a new store with `count` records over 30 days. Without a journal, so they have no bodies. */
export async function fillStore(directory: string, count: number): Promise<void> {
  const database = await openDatabase({ directory })
  const { loading } = database
  try {
    for (const [dictionary, texts] of Object.entries(dictionaries)) {
      const rows = texts.map((text, at) => `('${dictionary}', ${at + 1}, '${text}')`)
      await loading.run(`INSERT INTO names VALUES ${rows.join(', ')}`)
    }
    const fromMs = systemClock() - days * dayMs
    for (let from = 0; from < count; from += chunkRecords) {
      await loading.run(insertSql(from, Math.min(from + chunkRecords, count), count, fromMs))
      await database.checkpoint()
    }
    await loading.run('UPDATE journal_cursor SET sequence = $1', [count])
    await database.checkpoint()
  } finally {
    database.close()
  }
}

function insertSql(from: number, to: number, count: number, fromMs: number): string {
  // The swing of a day, as a shift of time that keeps the order.
  const share = `(i / ${count}.0 * ${days})`
  const ms = `(${fromMs} + ((${share} + 0.12 * sin(2 * pi() * ${share})) * ${dayMs})::BIGINT)`
  const dice = any(9, 1_000)
  return `INSERT INTO records
    WITH drawn AS (
      SELECT i, ${ms} AS ms,
        floor(${callers} * pow(${any(10, 100_000)} / 100000.0, 3))::INTEGER AS caller,
        CASE WHEN ${dice} < 965 THEN 1 WHEN ${dice} < 985 THEN 2 WHEN ${dice} < 990 THEN 3 WHEN ${dice} < 999 THEN 4 ELSE 5 END AS outcome
      FROM range(${from}, ${to}) numbers(i)),
    chosen AS (
      SELECT *, (caller * 7 + (${any(11, 10)} = 0)::INTEGER) % ${workloads} AS workload,
        (caller + (${any(12, 8)} = 0)::INTEGER) % ${deployments.length} AS deployment,
        CASE WHEN outcome IN (1, 4, 5) THEN 100 + ${any(13, 3_000)} END AS prompt,
        CASE WHEN outcome IN (1, 4, 5) THEN 20 + ${any(14, 600)} END AS completion
      FROM drawn)
    SELECT ${recordColumns.map(expressionOf).join(', ')} FROM chosen ORDER BY i`
}
