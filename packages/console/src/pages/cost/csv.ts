/** The report as CSV (RFC 4180). Costs are exact, so that their sum is that of the ledger. */
import type { Cost } from '../../format/cost.ts'
import { csvRow } from '../../format/csv.ts'
import type { Dimension, Line } from './query.ts'

/** In the order of the table; a line with costs in two currencies is two lines, and its calls are in the first. */
export function csvOf(by: Dimension, lines: readonly Line[]): string {
  const head = [
    'month',
    by,
    ...(by === 'caller' ? ['caller_key'] : []),
    'calls',
    'prompt_tokens',
    'cached_tokens',
    'completion_tokens',
    'reasoning_tokens',
    'calls_without_price',
    'cost',
    'currency',
  ]
  return [head, ...lines.flatMap(line => rowsOf(by, line))].map(csvRow).join('')
}

function rowsOf(by: Dimension, line: Line): readonly (readonly (string | number)[])[] {
  const [month, name] = line.keys
  const names = [month ?? '', name ?? '', ...(by === 'caller' ? [line.callerKey ?? ''] : [])]
  const { calls, promptTokens, cachedTokens, completionTokens, reasoningTokens, unpricedCalls } = line
  const figures = [calls, promptTokens, cachedTokens, completionTokens, reasoningTokens, unpricedCalls]
  const [first, ...others] = line.costs
  return [
    [...names, ...figures, first === undefined ? '' : decimal(first), first?.currency ?? ''],
    ...others.map(cost => [...names, ...figures.map(() => 0), decimal(cost), cost.currency]),
  ]
}

/** All nine decimals, without a sign of thousands. */
function decimal({ nano }: Cost): string {
  const digits = String(nano).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
