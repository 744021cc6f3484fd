/** Filters by an amount: `tokens>5000`, `cost>0.1` in the currency, `duration>2s`. The address has whole numbers. */

export const amountNames = ['tokensOver', 'costOverNano', 'durationOverMs'] as const
export type AmountName = (typeof amountNames)[number]

interface Amount {
  readonly written: string
  /** By its letters: how much one of the unit is in the address. The first is without letters. */
  readonly units: Readonly<Record<string, number>>
  /** Units in which an amount is written, the largest first. */
  readonly said: readonly string[]
}

const amounts: Readonly<Record<AmountName, Amount>> = {
  tokensOver: { written: 'tokens', units: { '': 1, k: 1e3, m: 1e6 }, said: [''] },
  costOverNano: { written: 'cost', units: { '': 1e9 }, said: [''] },
  durationOverMs: {
    written: 'duration',
    units: { ms: 1, s: 1e3, m: 6e4, min: 6e4, h: 36e5 },
    said: ['h', 'm', 's', 'ms'],
  },
}

const form = /^(\d{1,15})(?:\.(\d{1,9}))?([a-z]*)$/
const most = 1e15

/** @returns the whole number for the address; null where it is no amount. */
export function amountIn(name: AmountName, written: string): string | null {
  const [, whole = '', decimals = '', letters = ''] = form.exec(written.toLowerCase()) ?? []
  const unit = Object.hasOwn(amounts[name].units, letters) ? amounts[name].units[letters] : undefined
  if (whole === '' || unit === undefined) return null
  // Whole numbers throughout: a decimal point of binary numbers would lose a billionth.
  const scaled = BigInt(`${whole}${decimals}`) * BigInt(unit)
  const value = scaled / 10n ** BigInt(decimals.length)
  return value < most ? String(value) : null
}

/** As people write it, the name before it: `duration>2s`. What is no number stays as it is. */
export function amountText(name: AmountName, value: string): string {
  const { written, units, said } = amounts[name]
  if (!/^\d{1,15}$/.test(value)) return `${written}>${value}`
  if (name === 'costOverNano') return `${written}>${decimal(value)}`
  const unit = said.find(letters => Number(value) % (units[letters] ?? 1) === 0 && value !== '0') ?? said.at(-1) ?? ''
  return `${written}>${Number(value) / (units[unit] ?? 1)}${unit}`
}

/** Billionths as an amount of the currency, without zeros at the end. */
function decimal(nano: string): string {
  const digits = nano.padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, '').replace(/^0+(?=\d)/, '')
}
