/** Billionths of a currency as people read them: to the cent, and below a cent with as many digits as needed. */
export function money(nano: number): string {
  const value = nano / 1e9
  const digits = value > 0 && value < 0.01 ? 6 : 2
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
