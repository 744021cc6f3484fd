/** Durations for people, in one unit. */

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const

/** `20 s`, `12 min`, `5 h`, `8 d`: rounded, in the next unit from twice its length on, and never less than a second. */
export function spoken(ms: number): string {
  const [length, unit] = units.find(([unitMs]) => ms >= 2 * unitMs) ?? [1_000, 's']
  return `${Math.max(1, Math.round(ms / length))} ${unit}`
}
