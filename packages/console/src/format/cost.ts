/** Costs are whole billionths of a currency: sums are exact up to 9 million of it. */

export interface Cost {
  /** Billionths of the currency. */
  readonly nano: number
  /** ISO 4217. */
  readonly currency: string
}

const billion = 1_000_000_000

/** Two decimals; more for small amounts, so that a call does not look free. */
export function asCost({ nano, currency }: Cost): string {
  // Less than a millionth would be a row of zeros; the exact cost is shown on hover.
  if (nano > 0 && nano < 1_000) return `< ${asCost({ nano: 1_000, currency })}`
  const value = nano / billion
  const digits = value !== 0 && Math.abs(value) < 0.1 ? Math.min(7, 1 - Math.floor(Math.log10(Math.abs(value)))) : 2
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value)
}

/** Every billionth: `0.000123456 USD`. */
export function exactCost({ nano, currency }: Cost): string {
  const digits = String(Math.abs(nano)).padStart(10, '0')
  const whole = Number(digits.slice(0, -9)).toLocaleString('en')
  return `${nano < 0 ? '-' : ''}${whole}.${digits.slice(-9)} ${currency}`
}

/** Sums of several currencies, as `$1.20 + €3.00`; a dash for none. */
export function asCosts(costs: readonly Cost[]): string {
  return costs.length === 0 ? '–' : costs.map(asCost).join(' + ')
}
