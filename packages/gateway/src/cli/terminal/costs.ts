/** Columns of costs, which can be of several currencies. */
import { exactAmount } from '../../csv.ts'
import type { CostSum } from '../../ledger/reports.ts'
import { addingUp, column } from './money.ts'
import { figure } from './table.ts'

export interface Costed {
  readonly costs: readonly CostSum[]
  /** Billed calls without a price: they are in no sum, and never shown as zero. */
  readonly unpricedCalls?: number
}

/** A cell for each line; amounts of one currency have as many digits in all lines. */
export function costCells(lines: readonly Costed[]): string[] {
  const byCurrency = new Map(
    currenciesOf(lines).map(currency => [currency, column(lines.flatMap(line => amountOf(line, currency)))]),
  )
  return lines.map(line => cellOf(line, ({ nano, currency }) => byCurrency.get(currency)?.text(nano) ?? ''))
}

/** The same for lines whose sum is shown below them: the shown lines add up to the shown sum. */
export function costCellsWithSum(lines: readonly Costed[], total: Costed): { lines: string[]; total: string } {
  const byLine = lines.map(() => new Map<string, string>())
  const sums = new Map<string, string>()
  for (const currency of currenciesOf(lines)) {
    const having = lines.flatMap((line, at) => amountOf(line, currency).map(nano => ({ at, nano })))
    const shown = addingUp(having.map(({ nano }) => nano))
    for (const [index, { at }] of having.entries()) byLine[at]?.set(currency, shown.lines[index] ?? '')
    sums.set(currency, shown.sum)
  }
  return {
    lines: lines.map((line, at) => cellOf(line, ({ currency }) => byLine[at]?.get(currency) ?? '')),
    total: cellOf(total, ({ currency }) => sums.get(currency) ?? ''),
  }
}

/** Explains the `?` of costs; empty where there is none. */
export function unpricedNote(calls: number): string {
  if (calls === 0) return ''
  const which = calls === 1 ? '1 call has' : `${figure(calls)} calls have`
  return `\n? ${which} tokens but no price, and ${calls === 1 ? 'is' : 'are'} in no sum.\nBy model: gatehouse usage --by model\n`
}

function currenciesOf(lines: readonly Costed[]): string[] {
  return [...new Set(lines.flatMap(({ costs }) => costs.map(({ currency }) => currency)))].sort()
}

function amountOf({ costs }: Costed, currency: string): number[] {
  return costs.flatMap(cost => (cost.currency === currency ? [cost.nano] : []))
}

/** Sums of two currencies are shown side by side; `?` for what had no price. */
function cellOf({ costs, unpricedCalls = 0 }: Costed, text: (cost: CostSum) => string): string {
  const sums = costs.map(cost => `${text(cost)} ${cost.currency}`)
  if (unpricedCalls > 0) sums.push('?')
  return sums.length === 0 ? '-' : sums.join(' + ')
}

/** Columns of CSV: `cost,currency`, or `costEUR,costUSD` where lines have several currencies. Amounts are exact. */
export interface CostColumns {
  readonly titles: readonly string[]
  readonly cells: (line: Costed) => readonly string[]
}

/** @param lines all lines of the file. */
export function costColumns(lines: readonly Costed[]): CostColumns {
  const [only = '', ...others] = currenciesOf(lines)
  const amount = (line: Costed, currency: string): string => exactAmount(amountOf(line, currency)[0] ?? 0)
  if (others.length === 0) return { titles: ['cost', 'currency'], cells: line => [amount(line, only), only] }
  const currencies = [only, ...others]
  return {
    titles: currencies.map(currency => `cost${currency}`),
    cells: line => currencies.map(currency => amount(line, currency)),
  }
}
