/** The form in which a value was probably meant: `60k` as 60000, `30 days` as `30d`, 500 as `500 USD`. */
import { isShare } from './forms.ts'
import type { SchemaView } from './json-schema.ts'
import { nameForm } from './schema/common.ts'

/** @returns null where nobody can know. */
export function nearestValue(value: unknown, view: SchemaView): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const text = String(value).trim()
  if (text.length > 100) return null
  if (isShare(view)) return shareOf(text)
  if (view.type === 'integer' || view.type === 'number') return typeof value === 'string' ? numberOf(text) : null
  if (view.type === 'boolean') return booleanOf(text)
  const ofTitle = byTitle[view.title ?? '']
  return ofTitle === undefined ? null : ofTitle(text)
}

const byTitle: Readonly<Record<string, (text: string) => string | null>> = {
  duration: durationOf,
  'amount of money': moneyOf,
  name: nameOf,
  URL: text => (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?\/?$/i.test(text) ? `https://${text}` : null),
}

/** `60k`, `1.5M`, `60,000`, `60_000`. */
function numberOf(text: string): string | null {
  const [, digits, unit = ''] = /^(\d{1,3}(?:[ ,_']\d{3})+|\d{1,12}(?:\.\d{1,6})?) ?([kKmM]?)$/.exec(text) ?? []
  if (digits === undefined) return null
  const factor = unit === '' ? 1 : unit.toLowerCase() === 'k' ? 1e3 : 1e6
  return String(Number(digits.replace(/[ ,_']/g, '')) * factor)
}

/** `90`, `90%`, `90 %` are 0.9. */
function shareOf(text: string): string | null {
  const [, digits, percent] = /^(\d{1,3}(?:\.\d{1,3})?) ?(%?)$/.exec(text) ?? []
  if (digits === undefined) return null
  const share = percent === '%' || Number(digits) > 1 ? Number(digits) / 100 : Number(digits)
  return share > 1 ? null : String(share)
}

function booleanOf(text: string): string | null {
  if (/^(?:yes|on|true|1|enabled)$/i.test(text)) return 'true'
  return /^(?:no|off|false|0|disabled)$/i.test(text) ? 'false' : null
}

const units: readonly (readonly [form: RegExp, unit: string])[] = [
  [/^(?:ms|milli\w*)$/i, 'ms'],
  [/^(?:s|secs?|seconds?)$/i, 's'],
  [/^(?:m|mins?|minutes?)$/i, 'm'],
  [/^(?:h|hrs?|hours?)$/i, 'h'],
  [/^(?:d|days?)$/i, 'd'],
]

function durationOf(text: string): string | null {
  const [, amount, word = ''] = /^(\d{1,9}) ?([a-z]+)$/i.exec(text) ?? []
  const unit = units.find(([form]) => form.test(word))?.[1]
  return amount === undefined || unit === undefined ? null : `${amount}${unit}`
}

const currencies: Readonly<Record<string, string>> = { $: 'USD', '€': 'EUR', '£': 'GBP' }

function moneyOf(text: string): string | null {
  const [, before = '', digits, after = ''] =
    /^([A-Z]{3}|[$€£])? ?(\d{1,12}(?:[,_']\d{3})*(?:\.\d{1,6})?) ?([A-Z]{3}|[$€£])?$/i.exec(text) ?? []
  if (digits === undefined) return null
  const sign = before || after || 'USD'
  return `${digits.replace(/[,_']/g, '')} ${currencies[sign] ?? sign.toUpperCase()}`
}

function nameOf(text: string): string | null {
  const name = text.toLowerCase().replace(/[^a-z0-9._-]+/g, '-')
  return nameForm.test(name) ? name : null
}
