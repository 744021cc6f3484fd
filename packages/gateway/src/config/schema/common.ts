/** Forms of values that several sections use: durations, names, addresses, callers, money. */
import { z } from 'zod'
import { addressRange } from '../../addresses.ts'

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `500ms`, `30s`, `5m`, `12h` or `400d`, between two bounds; read as milliseconds. */
export function duration(least: string, most: string, standard: string) {
  return z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'a whole number and a unit: ms, s, m, h or d, as in 30s')
    .transform(durationMs)
    .refine(ms => ms >= durationMs(least) && ms <= durationMs(most), `between ${least} and ${most}`)
    .prefault(standard)
    .meta({ title: 'duration', default: standard, range: `${least} .. ${most}` })
}

/** `30s` -> 30000. The text must have the form of `duration`. */
export function durationMs(text: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  return Number(amount) * unitMs[(unit ?? 'ms') as keyof typeof unitMs]
}

export const nameForm = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
export const nameFormSaid =
  'lower-case letters, digits, dots, hyphens and underscores, at most 64, letter or digit at both ends'

/** Names appear in URLs, reports and metrics. */
export const name = z.string().regex(nameForm, nameFormSaid).meta({ title: 'name' })

/** Marks a text that is never given out: JSON Schema's word for it, which editors know too. */
export const secret = { writeOnly: true } as const

export const guid = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'a GUID, as 11111111-2222-3333-4444-555555555555')
  .toLowerCase()
  .meta({ title: 'GUID' })

export const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'ADDRESS:PORT, as 0.0.0.0:8080 or [::]:8080')
  .refine(text => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port from 0 (any free one) to 65535')
  .meta({ title: 'ADDRESS:PORT' })

export const addressRanges = z
  .string()
  .refine(text => addressRange(text) !== null, 'an address or a range of addresses, as 10.0.2.0/24')
  .meta({ title: 'ADDRESS/BITS' })

export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'an http(s) URL, as https://contoso.openai.azure.com' })
  .meta({ title: 'URL' })

/** One way to match a caller, with exactly one key. A list of rules matches when one of them matches. */
export const callerRule = z
  .union(
    [
      z.strictObject({ user: guid.describe('Object id (`oid`) of a person.') }),
      z.strictObject({
        app: guid.describe('Application (client) id, claim `appid` or `azp`, of an application calling as itself.'),
      }),
      z.strictObject({ group: guid.describe('Object id of a group, claim `groups`.') }),
      z.strictObject({ role: z.string().min(1).describe('App role, claim `roles`.') }),
      z.strictObject({ scope: z.string().min(1).describe('Delegated permission, claim `scp`.') }),
      z.strictObject({
        managedIdentity: z
          .string()
          .regex(/^\/subscriptions\/.+/i, 'the ARM id of a managed identity, as /subscriptions/…')
          .toLowerCase()
          .describe('ARM id of a managed identity, claim `xms_mirid`.'),
      }),
      z.strictObject({ tenant: guid.describe('Every verified caller of this tenant.') }),
    ],
    { error: 'one rule with exactly one of: user, app, group, role, scope, managedIdentity, tenant' },
  )
  .meta({ title: 'caller rule' })

export type CallerRule = z.infer<typeof callerRule>

/** `500 USD`, `12.50 EUR`: an amount and a currency (ISO 4217). */
export const money = z
  .string()
  .regex(/^\d{1,12}(?:\.\d{1,6})? [A-Z]{3}$/, 'an amount and a currency, as 500 USD or 12.50 EUR')
  .transform(moneyOf)
  // In billionths, more would be no exact number.
  .refine(({ nano }) => nano > 0 && nano <= 9e15, 'more than 0 and at most 9000000')
  .meta({ title: 'amount of money', range: '> 0 .. 9000000' })

/** `12.50 EUR` -> 12,500,000,000 nano-EUR. The text must have the form of `money`. */
export function moneyOf(text: string): { readonly nano: number; readonly currency: string } {
  const [amount = '0', currency = ''] = text.split(' ')
  const [whole = '0', fraction = ''] = amount.split('.')
  return { nano: Number(whole) * 1e9 + Number(fraction.padEnd(9, '0')), currency }
}
