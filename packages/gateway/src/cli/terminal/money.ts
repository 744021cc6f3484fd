/** Billionths of a currency as people read them. */

const leastNano = 1_000
const nanoPerCent = 10_000_000

/** One amount: to the cent, and below a cent in millionths. `< 0.000001` for what is less, and not zero. */
export function money(nano: number): string {
  return column([nano]).text(nano)
}

/** Amounts of one column, with as many digits for all. */
export interface MoneyColumn {
  text(nano: number): string
}

/** @param nanos all amounts of the column, of one currency. */
export function column(nanos: readonly number[]): MoneyColumn {
  const digits = digitsFor(nanos)
  return {
    text: nano => (nano > 0 && nano < leastNano && rounded(nano, digits) === 0 ? '< 0.000001' : fixed(nano, digits)),
  }
}

/** Amounts beside large limits: to the cent, and `< 0.01` for what is less, and not zero. */
export const toTheCent: MoneyColumn = {
  text: nano => (nano > 0 && rounded(nano, 2) === 0 ? '< 0.01' : fixed(nano, 2)),
}

/** Cents where none of the amounts is below a cent, else millionths. */
function digitsFor(nanos: readonly number[]): 2 | 6 {
  return nanos.some(nano => nano > 0 && nano < nanoPerCent) ? 6 : 2
}

function rounded(nano: number, digits: 2 | 6): number {
  return Math.round(nano / 10 ** (9 - digits))
}

function fixed(nano: number, digits: 2 | 6): string {
  return (nano / 1e9).toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/**
 * Amounts of a column whose last line is their sum, rounded so that the shown lines add up to the shown sum: those with
 * the largest part beyond the last digit are rounded up (the method of largest remainders), the larger amount first.
 * Each is off by less than one unit of the last digit.
 * @param nanos whole numbers, not negative.
 */
export function addingUp(nanos: readonly number[]): { readonly lines: readonly string[]; readonly sum: string } {
  const total = nanos.reduce((all, nano) => all + nano, 0)
  const digits = digitsFor(nanos)
  const unit = 10 ** (9 - digits)
  const floors = nanos.map(nano => Math.floor(nano / unit))
  let missing = Math.round(total / unit) - floors.reduce((all, units) => all + units, 0)
  const remainder = (at: number): number => (nanos[at] ?? 0) % unit
  const byRemainder = [...nanos.keys()].sort((a, b) => remainder(b) - remainder(a) || (nanos[b] ?? 0) - (nanos[a] ?? 0))
  const raised = new Set<number>()
  for (const at of byRemainder) {
    if (missing <= 0) break
    raised.add(at)
    missing -= 1
  }
  const lines = nanos.map((nano, at) => {
    const units = (floors[at] ?? 0) + (raised.has(at) ? 1 : 0)
    return units === 0 && nano > 0 ? '< 0.000001' : fixed(units * unit, digits)
  })
  return { lines, sum: column([total, ...nanos]).text(total) }
}
