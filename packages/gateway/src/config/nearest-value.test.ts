import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configJsonSchema, schemaAt } from './json-schema.ts'
import { nearestValue } from './nearest-value.ts'

const at = (...path: string[]) => schemaAt(configJsonSchema(), path)[0] ?? assert.fail(path.join('.'))
const tokens = at('workloads', 'x', 'limits', 'tokensPerMinute')
const cost = at('workloads', 'x', 'limits', 'costPerMonth')
const total = at('gateway', 'timeouts', 'total')
const share = at('instances', 'x', 'breaker', 'failureShare')
const endpoint = at('instances', 'x', 'endpoint')
const forwarded = at('gateway', 'trustForwardedFor')

const rows = [
  [tokens, '60k', '60000'],
  [tokens, '1.5M', '1500000'],
  [tokens, '60,000', '60000'],
  [tokens, '60_000', '60000'],
  [tokens, 'many', null],
  [cost, 500, '500 USD'],
  [cost, '$500', '500 USD'],
  [cost, '12.50 eur', '12.50 EUR'],
  [cost, '1,000 USD', '1000 USD'],
  [cost, 'a lot', null],
  [total, '30 days', '30d'],
  [total, '5 min', '5m'],
  [total, '90 seconds', '90s'],
  // Seconds or minutes: nobody can know.
  [total, 30, null],
  [share, 90, '0.9'],
  [share, '90 %', '0.9'],
  [share, 900, null],
  [forwarded, 'yes', 'true'],
  [forwarded, 'off', 'false'],
  [endpoint, 'contoso.openai.azure.com', 'https://contoso.openai.azure.com'],
  [endpoint, 'https://user:secret@contoso.openai.azure.com', null],
] as const

test('a value in a usual form is shown in the form that the configuration has', () => {
  for (const [view, written, expected] of rows) assert.equal(nearestValue(written, view), expected, String(written))
})
