import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { parseCatalogue } from '../config/catalogue.ts'
import { configSchema, price } from '../config/schema/index.ts'
import { noUsage } from '../wire/usage.ts'
import { costOf } from './cost.ts'
import { openPrices } from './open.ts'

const page = readFileSync(new URL('../../../../docs/prices.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')

// An example that is copied from the page must work.
test('the examples of docs/prices.md are a valid configuration and a valid catalogue', () => {
  const [own, list] = blocks
  const prices = openPrices(configSchema.shape.prices.parse(parseYaml(own ?? '').prices))
  const at = (model: string, day: string) => prices.priceOf(null, model, Date.parse(day))?.inputNano
  assert.deepEqual(
    [
      at('gpt-4o', '2026-11-23'),
      at('gpt-4o-mini', '2026-12-31'),
      at('gpt-4o-mini', '2027-01-01'),
      at('whisper', '2026-11-23'),
    ],
    [2_250, 150, 135, 0],
  )
  const { catalogue, problems } = parseCatalogue(list ?? '')
  assert.deepEqual(problems, [])
  assert.equal(catalogue?.currency, 'EUR')
})

test('the sum in docs/prices.md is the cost that is charged', () => {
  const gpt4o = openPrices(configSchema.shape.prices.parse({})).priceOf(null, 'gpt-4o', Date.UTC(2026, 10, 23))
  assert.ok(gpt4o)
  const usage = {
    ...noUsage,
    source: 'reported',
    promptTokens: 1_200,
    cachedTokens: 1_000,
    completionTokens: 300,
  } as const
  const { nano } = costOf(gpt4o, usage, 'USD')
  assert.match(page.replaceAll('\n', ' '), new RegExp(`millionths: ${nano / 1e9} USD`))
})

test('docs/prices.md names every part of a price', () => {
  for (const part of Object.keys(price.shape)) assert.match(page, new RegExp(`^\\| \`${part}\` \\|`, 'm'))
})
