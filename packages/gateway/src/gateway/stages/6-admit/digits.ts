/** Code of `0`. */
const zero = 0x30

/**
 * A whole number in decimal digits, as `String` gives it. `String` is fast only for numbers that it has converted
 * before, but the remaining part of a limit is new with every call. Measured in place, for six fields: 0.75 µs instead
 * of 1.05 µs.
 * @param number 0 or more.
 */
export function digits(number: number): string {
  if (number < 10 || number >= 1e9) return String(number)
  let rest = number | 0
  const j = zero + (rest % 10)
  rest = (rest / 10) | 0
  const i = zero + (rest % 10)
  rest = (rest / 10) | 0
  if (rest === 0) return String.fromCharCode(i, j)
  const h = zero + (rest % 10)
  rest = (rest / 10) | 0
  if (rest === 0) return String.fromCharCode(h, i, j)
  const g = zero + (rest % 10)
  rest = (rest / 10) | 0
  if (rest === 0) return String.fromCharCode(g, h, i, j)
  const f = zero + (rest % 10)
  rest = (rest / 10) | 0
  if (rest === 0) return String.fromCharCode(f, g, h, i, j)
  const e = zero + (rest % 10)
  rest = (rest / 10) | 0
  if (rest === 0) return String.fromCharCode(e, f, g, h, i, j)
  const d = zero + (rest % 10)
  rest = (rest / 10) | 0
  if (rest === 0) return String.fromCharCode(d, e, f, g, h, i, j)
  const c = zero + (rest % 10)
  rest = (rest / 10) | 0
  if (rest === 0) return String.fromCharCode(c, d, e, f, g, h, i, j)
  return String.fromCharCode(zero + rest, c, d, e, f, g, h, i, j)
}
