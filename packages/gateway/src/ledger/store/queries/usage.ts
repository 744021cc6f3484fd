import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { QuestionError } from '../../index.ts'
import {
  type CostSum,
  type UsageDimension,
  type UsageLine,
  type UsageQuery,
  type UsageReport,
  usageDimensions,
} from '../../reports.ts'
import type { Names } from '../names.ts'
import { conditionsOf, modelSql } from './filter.ts'

/** What a dimension groups by, and how a group's value is shown. */
interface DimensionFacts {
  readonly sql: string
  readonly show: (value: number, names: Names) => string | null
}

const named = (column: string, dictionary = column): DimensionFacts => ({
  sql: column,
  show: (code, names) => names.groupOf(dictionary, code),
})
const time = (sql: string, show: (value: number) => string): DimensionFacts => ({ sql, show })
const iso = (ms: number): string => new Date(ms).toISOString()

const dimensions: Record<UsageDimension, DimensionFacts> = {
  workload: named('workload'),
  caller: named('caller_key'),
  instance: named('instance'),
  deployment: named('deployment'),
  model: named(modelSql, 'model'),
  operation: named('operation'),
  outcome: named('outcome'),
  copy: named('copy_kind'),
  hour: time('start_hour', hour => `${iso(hour * 3_600_000).slice(0, 13)}:00Z`),
  day: time('start_day', day => iso(day * 86_400_000).slice(0, 10)),
  month: time('start_month', month => iso(Date.UTC(1970, month)).slice(0, 7)),
}

/** Lines of a report at most: a million of them took 1.2 GB of memory on their way out. */
const linesMax = 20_000

/** In the order of `UsageLine` behind the keys. */
const outcomes = ['completed', 'refused', 'failed', 'aborted', 'interrupted'] as const
const tokens = ['prompt', 'cached', 'completion', 'reasoning', 'total'] as const

export async function usage(connection: DuckDBConnection, names: Names, query: UsageQuery): Promise<UsageReport> {
  const { by } = query
  checkDimensions(by)
  const conditions = conditionsOf(query, names)
  const currencies = names.codes('currency')
  const keys = by.map((_, index) => `k${index}`)
  const sql = `
    SELECT ${keys.join(', ')}, ${figuresSql(names, currencies, by)}
    FROM (SELECT *, ${by.map((dimension, index) => `${dimensions[dimension].sql} AS k${index}`).join(', ')}
          FROM records ${conditions.where})
    GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')} LIMIT ${linesMax + 1}`
  const result = await connection.runAndReadAll(sql, conditions.values)
  if (result.currentRowCount > linesMax) {
    throw new QuestionError(
      `This report has more than ${linesMax} lines. Ask for a shorter time, fewer dimensions, or one workload or caller.`,
    )
  }
  const lines = result.getRows().map(cells => lineOf(cells, by, currencies, names))
  return { by, lines, total: totalOf(lines) }
}

function checkDimensions(by: readonly UsageDimension[]): void {
  if (by.length === 0 || new Set(by).size !== by.length || by.some(one => !usageDimensions.includes(one))) {
    throw new QuestionError(`by must name at least one of ${usageDimensions.join(', ')}, each at most once.`)
  }
}

function figuresSql(names: Names, currencies: readonly number[], by: readonly UsageDimension[]): string {
  const code = (dictionary: string, name: string): number => names.find(dictionary, name) ?? -1
  return [
    // A record may stand for many refused calls.
    'sum(coalesce(summed_calls, 1))',
    ...outcomes.map(outcome => `sum(coalesce(summed_calls, 1)) FILTER (outcome = ${code('outcome', outcome)})`),
    ...tokens.map(kind => `sum(${kind}_tokens)`),
    `count_if(usage_source IN (${code('usage_source', 'counted')}, ${code('usage_source', 'bounded')}))`,
    'avg(ended_at_ms - started_at_ms)',
    'count_if(copy_kind > 0)',
    'count_if(currency = 0 AND total_tokens > 0)',
    ...currencies.map(currency => `sum(cost_nano) FILTER (currency = ${currency})`),
    ...(by.includes('caller') ? ['arg_max(caller_name, started_at_ms) FILTER (caller_name > 0)'] : []),
  ].join(', ')
}

function lineOf(
  cells: readonly DuckDBValue[],
  by: readonly UsageDimension[],
  currencies: readonly number[],
  names: Names,
): UsageLine {
  const callerAt = by.indexOf('caller')
  const texts = by.map((dimension, index) => dimensions[dimension].show(Number(cells[index]), names))
  const callerKey = callerAt === -1 ? null : (texts[callerAt] ?? null)
  if (callerAt !== -1 && callerKey !== null) {
    texts[callerAt] = names.textOf('caller_name', Number(cells.at(-1) ?? 0)) ?? callerKey
  }
  const figures = cells.slice(by.length)
  const costs = currencies.map((currency, index) => ({
    nano: Number(figures[costsAt + index] ?? 0),
    currency: names.textOf('currency', currency) ?? '',
  }))
  return { keys: texts, callerKey, ...figuresOf(figures), costs: summed(costs) }
}

/** One sum per currency, by its name. */
function summed(costs: readonly CostSum[]): CostSum[] {
  const byCurrency = new Map<string, number>()
  for (const { nano, currency } of costs) {
    if (nano > 0) byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + nano)
  }
  return [...byCurrency].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, nano]) => ({ nano, currency }))
}

/** Summed here: a second grouping in the query costs as much as the first. */
function totalOf(lines: readonly UsageLine[]): UsageReport['total'] {
  const sum = (figure: (line: UsageLine) => number): number => lines.reduce((all, line) => all + figure(line), 0)
  const calls = sum(line => line.calls)
  return {
    calls,
    completed: sum(line => line.completed),
    refused: sum(line => line.refused),
    failed: sum(line => line.failed),
    aborted: sum(line => line.aborted),
    interrupted: sum(line => line.interrupted),
    promptTokens: sum(line => line.promptTokens),
    cachedTokens: sum(line => line.cachedTokens),
    completionTokens: sum(line => line.completionTokens),
    reasoningTokens: sum(line => line.reasoningTokens),
    totalTokens: sum(line => line.totalTokens),
    countedCalls: sum(line => line.countedCalls),
    averageDurationMs: calls === 0 ? null : sum(line => (line.averageDurationMs ?? 0) * line.calls) / calls,
    copies: sum(line => line.copies),
    costs: summed(lines.flatMap(line => line.costs)),
    unpricedCalls: sum(line => line.unpricedCalls),
  }
}

/** Where the sums of costs begin behind the keys. */
const costsAt = 15

function figuresOf(cells: readonly DuckDBValue[]): Omit<UsageReport['total'], 'costs'> {
  const number = (index: number): number => Number(cells[index] ?? 0)
  const average = cells[12] ?? null
  return {
    calls: number(0),
    completed: number(1),
    refused: number(2),
    failed: number(3),
    aborted: number(4),
    interrupted: number(5),
    promptTokens: number(6),
    cachedTokens: number(7),
    completionTokens: number(8),
    reasoningTokens: number(9),
    totalTokens: number(10),
    countedCalls: number(11),
    averageDurationMs: average === null ? null : Number(average),
    copies: number(13),
    unpricedCalls: number(14),
  }
}
