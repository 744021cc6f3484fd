/** Figures as people read them; the exact figure is shown on hover. */

const exact = new Intl.NumberFormat('en', { maximumFractionDigits: 3 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })

/** Below it, whole numbers are written out. */
const writtenOutMax = 10_000

/** 1,234 and 1.2M: short where digits would not help. */
export function humane(value: number): string {
  return Math.abs(value) < writtenOutMax ? exact.format(Math.round(value * 10) / 10) : short.format(value)
}

export function exactly(value: number): string {
  return exact.format(value)
}

/** @param share 0 to 1. */
export function asPercent(share: number): string {
  return percent.format(share)
}

/** How a figure compares with the one before it; null when there is nothing to compare with. */
export function change(now: number, before: number): number | null {
  return before === 0 ? null : (now - before) / before
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function asBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1_024 ** power
  return `${power === 0 ? exact.format(value) : value.toFixed(value < 10 ? 1 : 0)} ${units[power] ?? 'B'}`
}
