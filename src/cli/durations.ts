/** Durations as people say them, in one unit. */

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const

/** `20 s`, `12 min`, `5 h`, `8 d`: rounded, to the next unit from twice its length on. Less than two seconds in `ms`. */
export function spoken(ms: number): string {
  const [length, unit] = units.find(([unitMs]) => ms >= 2 * unitMs) ?? [1, 'ms']
  return `${Math.round(ms / length)} ${unit}`
}
