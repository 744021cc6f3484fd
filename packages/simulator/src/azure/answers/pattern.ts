import type { Dice } from './random.ts'

interface Cursor {
  at: number
}

/**
 * A text that fits an ordinary regular expression: literals, classes, groups, alternatives, quantifiers, anchors. Null
 * when the expression uses more (look-around, back references), or when the text does not fit it after all.
 */
export function textFitting(pattern: string, luck: Dice): string | null {
  try {
    const cursor = { at: 0 }
    const text = alternatives(pattern, cursor, luck)
    return cursor.at === pattern.length && new RegExp(pattern, 'u').test(text) ? text : null
  } catch {
    return null
  }
}

function alternatives(pattern: string, cursor: Cursor, luck: Dice): string {
  const options = [sequence(pattern, cursor, luck)]
  while (pattern[cursor.at] === '|') {
    cursor.at += 1
    options.push(sequence(pattern, cursor, luck))
  }
  return luck.pick(options)
}

function sequence(pattern: string, cursor: Cursor, luck: Dice): string {
  let text = ''
  while (cursor.at < pattern.length && pattern[cursor.at] !== '|' && pattern[cursor.at] !== ')') {
    const start = cursor.at
    const first = atom(pattern, cursor, luck)
    const end = cursor.at
    const times = quantifier(pattern, cursor, luck)
    for (let time = 0; time < times; time += 1) text += time === 0 ? first : atom(pattern, { at: start }, luck)
    if (cursor.at < end) return text
  }
  return text
}

function atom(pattern: string, cursor: Cursor, luck: Dice): string {
  const sign = pattern[cursor.at] ?? ''
  cursor.at += 1
  if (sign === '^' || sign === '$') return ''
  if (sign === '.') return luck.pick([...'abcdef'])
  if (sign === '\\') return escaped(pattern, cursor, luck)
  if (sign === '[') return fromClass(pattern, cursor, luck)
  if (sign !== '(') return sign
  if (pattern.startsWith('?:', cursor.at)) cursor.at += 2
  else if (pattern[cursor.at] === '?') throw new SyntaxError('look-around')
  const inner = alternatives(pattern, cursor, luck)
  cursor.at += 1
  return inner
}

function escaped(pattern: string, cursor: Cursor, luck: Dice): string {
  const sign = pattern[cursor.at] ?? ''
  cursor.at += 1
  if (sign === 'd') return String(luck.below(10))
  if (sign === 'w') return luck.pick([...'abcdefghijklmnopqrstuvwxyz'])
  if (sign === 's') return ' '
  if (sign === 'b') return ''
  if (/[a-zA-Z0-9]/.test(sign)) throw new SyntaxError('escape')
  return sign
}

/** A character of `[...]`: from its ranges and signs; of a negated one, any plain sign that it allows. */
function fromClass(pattern: string, cursor: Cursor, luck: Dice): string {
  const close = pattern.indexOf(']', cursor.at + 1)
  if (close < 0) throw new SyntaxError('class')
  const source = pattern.slice(cursor.at - 1, close + 1)
  cursor.at = close + 1
  const fits = new RegExp(`^${source}$`, 'u')
  const signs = Array.from({ length: 95 }, (_, code) => String.fromCharCode(32 + code)).filter(sign => fits.test(sign))
  const plain = signs.filter(sign => /[a-z0-9]/.test(sign))
  return luck.pick(plain.length > 0 ? plain : signs)
}

function quantifier(pattern: string, cursor: Cursor, luck: Dice): number {
  const [whole, sign, least, comma, most] = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(pattern.slice(cursor.at)) ?? []
  if (whole === undefined) return 1
  cursor.at += whole.length
  if (sign === '?') return luck.below(2)
  if (sign === '*' || sign === '+') return 1 + luck.below(6)
  const from = Number(least)
  if (!comma) return from
  const to = most ? Number(most) : from + 4
  return from + luck.below(Math.min(to - from, 8) + 1)
}
