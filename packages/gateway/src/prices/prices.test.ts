import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { parseCatalogue, shippedCatalogue } from '../config/catalogue.ts'
import { ConfigError } from '../config/messages.ts'
import { configSchema } from '../config/schema/index.ts'
import { silentLog } from '../log.ts'
import { noUsage, type Usage } from '../wire/usage.ts'
import { chargeOf, costLinesOf, costOf } from './cost.ts'
import type { Price, PriceBook } from './index.ts'
import { openPrices } from './open.ts'

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`)
const now = day('2026-11-23')
const section = (written: unknown) => configSchema.shape.prices.parse(written)
const book = (models: unknown): PriceBook => openPrices(section({ models }))

suite('the catalogue that comes with Gatehouse', () => {
  const shipped = openPrices(section({}))

  // A price that is wrong by a factor costs a gateway its users' trust. These are from the public list, per million
  // tokens.
  const list: readonly [model: string, input: number, cachedInput: number | null, output: number][] = [
    ['gpt-4o', 2.5, 1.25, 10],
    ['gpt-4o-2024-08-06', 2.5, 1.25, 10],
    ['gpt-4o-2024-05-13', 5, null, 15],
    ['gpt-4o-mini', 0.15, 0.075, 0.6],
    ['gpt-4.1', 2, 0.5, 8],
    ['o1', 15, 7.5, 60],
    ['o3-mini', 1.1, 0.55, 4.4],
    ['gpt-5', 1.25, 0.125, 10],
    // C15 models that are deployed under Azure's own names.
    ['gpt-35-turbo', 0.5, null, 1.5],
    ['gpt-4o-transcribe', 2.5, null, 10],
    ['gpt-4o-mini-tts', 0.6, null, 12],
    ['gpt-image-1', 5, 1.25, 40],
    ['text-embedding-3-small', 0.02, null, 0],
    ['text-embedding-3-large', 0.13, null, 0],
    ['text-embedding-ada-002', 0.1, null, 0],
  ]
  for (const [model, input, cachedInput, output] of list) {
    test(`charges the list price of ${model}`, () => {
      const price = shipped.priceOf(null, model, now)
      assert.ok(price)
      const million = { ...noUsage, source: 'reported', promptTokens: 1e6, completionTokens: 0 } as const
      assert.equal(costOf(price, million, 'USD').nano, Math.round(input * 1e9))
      assert.equal(
        costOf(price, { ...million, cachedTokens: 1e6 }, 'USD').nano,
        Math.round((cachedInput ?? input) * 1e9),
      )
      const answered = { ...million, promptTokens: 0, completionTokens: 1e6 }
      assert.equal(costOf(price, answered, 'USD').nano, Math.round(output * 1e9))
      assert.equal(price.name, `${model} 2026-08-01`)
    })
  }

  // A price of zero hides a bill; contradicting parts are a typing error.
  test('has no model without a price, and no part that is more or less expensive than it can be', () => {
    const { models, currency } = shippedCatalogue()
    assert.equal(currency, 'USD')
    assert.ok(Object.keys(models).length > 90)
    for (const [model, written] of Object.entries(models)) {
      for (const price of [written].flat()) {
        assert.ok(price.input > 0, model)
        assert.ok(price.output >= price.input || /embedding/.test(model), model)
        assert.ok((price.cachedInput ?? price.input) <= price.input, model)
        assert.ok((price.cachedInput ?? price.input) >= price.input / 20, model)
        assert.ok((price.audioInput ?? price.input) >= price.input, model)
        assert.ok((price.audioOutput ?? price.output) >= price.output, model)
      }
    }
  })

  test('leaves out models that are not billed by tokens or are not known for certain, instead of pricing them wrongly', () => {
    for (const model of ['tts', 'dall-e-3', 'whisper', 'sora-2', 'constructor']) {
      assert.equal(shipped.priceOf(null, model, now), null, model)
    }
  })
})

suite('the book of prices', () => {
  // Azure bills the served snapshot; the configured model is only the deployment's label.
  test('looks up the served model first, then the configured one, by the whole name in any case', () => {
    const prices = openPrices(section({}))
    assert.equal(prices.priceOf('gpt-4o-2024-05-13', 'gpt-4o', now)?.inputNano, 5_000)
    assert.equal(prices.priceOf('gpt-4o-2031-01-01', 'gpt-4o', now)?.inputNano, 2_500)
    assert.equal(prices.priceOf(null, 'GPT-4o', now)?.inputNano, 2_500)
    assert.equal(prices.priceOf('gpt-4o-min', 'gpt-4', now)?.inputNano, 30_000)
    assert.equal(prices.priceOf('gpt-9', 'gpt-9-turbo', now), null)
  })

  test('uses the configuration before the catalogue, from its first day on', () => {
    const prices = book({ 'gpt-4o': { input: 2, output: 8, validFrom: '2027-01-01' }, 'My-Model': { input: 1 } })
    assert.equal(prices.priceOf(null, 'gpt-4o', day('2027-01-01') - 1)?.from, 'catalogue')
    const later = prices.priceOf(null, 'gpt-4o', day('2027-01-01'))
    assert.deepEqual([later?.inputNano, later?.name, later?.from], [2_000, 'gpt-4o 2027-01-01', 'configuration'])
    assert.equal(prices.priceOf(null, 'my-model', now)?.name, 'My-Model configured')
  })

  test('knows several prices of a model by their days, written in any order', () => {
    const prices = book({
      own: [
        { input: 2, validFrom: '2026-06-01' },
        { input: 3, validFrom: '2026-09-01' },
        { input: 1, validFrom: '2026-01-01' },
      ],
    })
    const at = (text: string): number | undefined => prices.priceOf(null, 'own', day(text))?.inputNano
    assert.deepEqual(['2025-12-31', '2026-01-01', '2026-05-31', '2026-06-01', '2026-12-31'].map(at), [
      undefined,
      1_000,
      1_000,
      2_000,
      3_000,
    ])
  })

  test('falls back from parts to the whole, and keeps six decimals', () => {
    const price = book({ own: { input: 0.000001, output: 4.4 } }).priceOf(null, 'own', now)
    assert.deepEqual(
      [price?.inputNano, price?.cachedInputNano, price?.audioInputNano, price?.reasoningNano, price?.batchShare],
      [0.001, 0.001, 0.001, 4_400, 0.5],
    )
  })

  // A call without a price must be visible, and never have a cost of zero.
  test('logs each unpriced model once, and counts it each time', () => {
    const said: unknown[] = []
    const counted: string[] = []
    const log = { ...silentLog, warn: (fields: unknown, event: string) => said.push([fields, event]) }
    const prices = openPrices(section({}), { log, observer: { unpriced: model => counted.push(model) } })
    for (const model of ['whisper', 'whisper', 'tts']) prices.unpriced(model)
    assert.deepEqual(counted, ['whisper', 'whisper', 'tts'])
    assert.deepEqual(said, [
      [{ model: 'whisper', setting: 'prices.models.whisper' }, 'model_unpriced'],
      [{ model: 'tts', setting: 'prices.models.tts' }, 'model_unpriced'],
    ])
  })
})

suite('a catalogue file', () => {
  const text = 'currency: EUR\nasOf: 2026-10-01\nsource: our contract\nmodels:\n  gpt-4o: { input: 2.2, output: 9 }\n'

  test('replaces the built-in one and its currency', () => {
    const prices = openPrices(section({ catalogue: '/c/prices.yaml' }), { readFile: () => text })
    assert.equal(prices.currency, 'EUR')
    assert.equal(prices.priceOf(null, 'gpt-4o', now)?.name, 'gpt-4o 2026-10-01')
    assert.equal(prices.priceOf(null, 'o1', now), null)
  })

  const faults: readonly [what: string, text: string, problem: string][] = [
    ['a negative price', text.replace('2.2', '-2.2'), 'wrong_value models.gpt-4o.input 5'],
    ['a price in words', text.replace('2.2', 'two'), 'wrong_type models.gpt-4o.input 5'],
    ['too many decimals', text.replace('2.2', '0.0000001'), 'wrong_value models.gpt-4o.input 5'],
    ['an unknown key', text.replace('input', 'imput'), 'unknown_key models.gpt-4o.imput 5'],
    ['no currency', text.replace('currency: EUR\n', ''), 'missing_key currency 1'],
    ['a day that does not exist', text.replace('10-01', '13-41'), 'wrong_value asOf 2'],
    ['text that is not YAML', '{ models', 'syntax  1'],
  ]
  for (const [what, wrong, problem] of faults) {
    test(`refuses ${what}, and says where`, () => {
      const { catalogue, problems } = parseCatalogue(wrong)
      assert.equal(catalogue, null)
      const brief = problems.map(({ code, path, line }) => `${code} ${path} ${line}`)
      assert.ok(brief.includes(problem), brief.join('; '))
      assert.throws(
        () => openPrices(section({ catalogue: '/c/prices.yaml' }), { readFile: () => wrong }),
        (error: unknown) => error instanceof ConfigError && error.file === '/c/prices.yaml',
      )
    })
  }
})

/** Whole thousandths of nano per token, up to 1,000 per million tokens. */
const nano = fc.integer({ min: 0, max: 1_000_000_000 }).map(pico => pico / 1_000)
const prices: fc.Arbitrary<Price> = fc.record({
  name: fc.constant('own 2026-01-01'),
  from: fc.constant('configuration' as const),
  inputNano: nano,
  cachedInputNano: nano,
  outputNano: nano,
  reasoningNano: nano,
  audioInputNano: nano,
  audioOutputNano: nano,
  imageInputNano: nano,
  imageOutputNano: nano,
  tiers: fc.constant(new Map<string, Price>()),
  longContext: fc.constant(null),
  batchShare: fc.constant(0.5),
})
const tokens = fc.option(fc.integer({ min: -1, max: 1_000_000 }))
const usages: fc.Arbitrary<Usage> = fc.record({
  source: fc.constant('reported' as const),
  promptTokens: tokens,
  completionTokens: tokens,
  totalTokens: tokens,
  cachedTokens: tokens,
  reasoningTokens: tokens,
  audioPromptTokens: tokens,
  audioCompletionTokens: tokens,
  imagePromptTokens: tokens,
  imageCompletionTokens: tokens,
})

suite('the cost of an exchange', () => {
  // Chargeback adds up millions of these: costs that are not whole, or not the sum of their parts, end in a dispute.
  test('is a whole number and never negative, whatever a backend reports', () => {
    const wild = fc.record({ promptTokens: fc.double(), cachedTokens: fc.double() })
    fc.assert(
      fc.property(prices, usages, fc.option(wild, { nil: undefined }), (price, usage, odd) => {
        const { nano: cost } = costOf(price, { ...usage, ...odd }, 'USD')
        assert.ok(Number.isSafeInteger(cost) && cost >= 0, `${cost}`)
      }),
    )
  })

  test('is the sum of its parts: exactly, counted in whole picos', () => {
    fc.assert(
      fc.property(prices, usages, (price, usage) => {
        const of = (value: number | null): bigint => BigInt(Math.max(0, value ?? 0))
        const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
        const pico = (value: number): bigint => BigInt(Math.round(value * 1_000))
        const audio = least(of(usage.audioPromptTokens), of(usage.promptTokens))
        const seen = least(of(usage.imagePromptTokens), of(usage.promptTokens) - audio)
        const cached = least(of(usage.cachedTokens), of(usage.promptTokens) - audio - seen)
        const spoken = least(of(usage.audioCompletionTokens), of(usage.completionTokens))
        const drawn = least(of(usage.imageCompletionTokens), of(usage.completionTokens) - spoken)
        const thought = least(of(usage.reasoningTokens), of(usage.completionTokens) - spoken - drawn)
        const sum =
          (of(usage.promptTokens) - audio - seen - cached) * pico(price.inputNano) +
          seen * pico(price.imageInputNano) +
          cached * pico(price.cachedInputNano) +
          audio * pico(price.audioInputNano) +
          (of(usage.completionTokens) - spoken - drawn - thought) * pico(price.outputNano) +
          drawn * pico(price.imageOutputNano) +
          thought * pico(price.reasoningNano) +
          spoken * pico(price.audioOutputNano)
        assert.equal(BigInt(costOf(price, usage, 'USD').nano), (sum + 500n) / 1_000n)
      }),
    )
  })

  test('grows with every token that is added', () => {
    const more = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(prices, usages, more, more, (price, usage, prompt, completion) => {
        const larger = {
          ...usage,
          promptTokens: Math.max(0, usage.promptTokens ?? 0) + prompt,
          completionTokens: Math.max(0, usage.completionTokens ?? 0) + completion,
        }
        // Only where the parts stay the same: a token may also change from cached to plain.
        const plain = {
          cachedTokens: null,
          reasoningTokens: null,
          audioPromptTokens: null,
          audioCompletionTokens: null,
          imagePromptTokens: null,
          imageCompletionTokens: null,
        }
        assert.ok(
          costOf(price, { ...larger, ...plain }, 'USD').nano >= costOf(price, { ...usage, ...plain }, 'USD').nano,
        )
      }),
    )
  })

  test('of a batch is the batch share, and a share of nothing is nothing', () => {
    const price = openPrices(section({})).priceOf(null, 'gpt-4o', now)
    assert.ok(price)
    const usage: Usage = { ...noUsage, source: 'reported', promptTokens: 3, completionTokens: 1 }
    assert.equal(costOf(price, usage, 'USD').nano, 17_500)
    assert.equal(costOf(price, usage, 'USD', price.batchShare).nano, 8_750)
    assert.deepEqual(costOf(price, noUsage, 'USD'), { nano: 0, currency: 'USD', price: 'gpt-4o 2026-08-01' })
  })
})

/** 1,000 prompt tokens and 1,000 completion tokens. */
const thousands: Usage = { ...noUsage, source: 'reported', promptTokens: 1_000, completionTokens: 1_000 }

suite('what decides between the prices of a model', () => {
  const call = { servedModel: 'gpt-4o-2024-08-06', model: 'gpt-4o', startedAtMs: now, usage: thousands }
  const nanoOf = (prices: PriceBook, tier: string | null, usage = thousands) =>
    chargeOf(prices, { ...call, servedModel: null, usage, tier })?.nano ?? null

  // Priority costs more: at the list price, reports would not have its true cost.
  test('F12 the tier that the answer names is charged, and one without a price is unpriced', () => {
    const told: unknown[] = []
    const log = { ...silentLog, warn: (fields: unknown, event: string) => told.push([event, fields]) }
    const models = {
      'gpt-4o': { input: 2.5, output: 10, tiers: { Priority: { times: 1.7 }, flex: { input: 1, output: 5 } } },
    }
    const prices = openPrices(section({ models }), { log })
    assert.equal(nanoOf(prices, null), 12_500_000)
    for (const tier of ['default', 'auto', 'standard']) assert.equal(nanoOf(prices, tier), 12_500_000, tier)
    assert.equal(nanoOf(prices, 'priority'), 21_250_000)
    assert.equal(nanoOf(prices, 'flex'), 6_000_000)
    assert.deepEqual([nanoOf(prices, 'scale'), nanoOf(prices, 'scale')], [null, null])
    assert.deepEqual(told, [
      ['tier_unpriced', { model: 'gpt-4o', tier: 'scale', setting: 'prices.models.gpt-4o.tiers.scale' }],
    ])
    const { price } = chargeOf(prices, { ...call, servedModel: null, tier: 'priority' }) ?? {}
    assert.equal(price, 'gpt-4o configured Priority')
  })

  test('F12 the catalogue has no tiers, so they have no cost until the configuration sets one', () => {
    assert.deepEqual(
      [nanoOf(openPrices(section({})), 'priority'), nanoOf(openPrices(section({})), 'default')],
      [null, 12_500_000],
    )
  })

  test('the length of the prompt decides where the model charges more for long ones, in every tier', () => {
    const longContext = { above: 1_000, input: 5, output: 15 }
    const models = { 'gpt-4o': { input: 2.5, output: 10, longContext, tiers: { priority: { times: 2 } } } }
    const prices = openPrices(section({ models }))
    const long = { ...thousands, promptTokens: 1_001 }
    assert.equal(nanoOf(prices, null), 12_500_000)
    assert.equal(nanoOf(prices, null, long), 1_001 * 5_000 + 15_000_000)
    assert.equal(nanoOf(prices, 'priority', long), 2 * (1_001 * 5_000 + 15_000_000))
    assert.match(chargeOf(prices, { ...call, servedModel: null, usage: long, tier: null })?.price ?? '', / long$/)
  })

  test('F9 audio and image tokens of a prompt are charged at their own prices', () => {
    const models = { 'gpt-4o-transcribe': { input: 2.5, audioInput: 6, output: 10 } }
    const usage = {
      ...noUsage,
      source: 'reported',
      promptTokens: 114,
      audioPromptTokens: 100,
      completionTokens: 45,
    } as const
    const heard = chargeOf(openPrices(section({ models })), {
      ...call,
      servedModel: null,
      model: 'gpt-4o-transcribe',
      usage,
      tier: null,
    })
    assert.equal(heard?.nano, 1_085_000)
    const picture = { ...thousands, imagePromptTokens: 900, imageCompletionTokens: 1_000 }
    const drawn = chargeOf(openPrices(section({})), {
      ...call,
      servedModel: null,
      model: 'gpt-image-1',
      usage: picture,
      tier: null,
    })
    assert.equal(drawn?.nano, 100 * 5_000 + 900 * 10_000 + 1_000 * 40_000)
  })

  test('a tier that is neither a multiple nor rates is refused', () => {
    for (const tier of [{}, { times: 0 }, { times: 1.7, input: 2 }, { output: 3 }, 1.7]) {
      const written = { models: { own: { input: 1, tiers: { priority: tier } } } }
      assert.equal(configSchema.shape.prices.safeParse(written).success, false, JSON.stringify(tier))
    }
  })
})

suite('a cost line by line', () => {
  const shipped = openPrices(section({}))
  const tokens = fc.nat(2_000_000)
  const anyUsage = fc.record({
    ...{ promptTokens: tokens, cachedTokens: tokens, audioPromptTokens: tokens, imagePromptTokens: tokens },
    ...{ completionTokens: tokens, reasoningTokens: tokens, audioCompletionTokens: tokens },
  })
  const call = (usage: Usage, ofBatch = false) =>
    ({ servedModel: null, model: 'gpt-4o', startedAtMs: now, tier: null, usage, ofBatch }) as const

  // Finance adds up what the page shows.
  test('has every token once, and its lines together are the recorded cost', () => {
    fc.assert(
      fc.property(anyUsage, fc.boolean(), (figures, ofBatch) => {
        const usage: Usage = { ...noUsage, source: 'reported', ...figures }
        const cost = chargeOf(shipped, call(usage, ofBatch))
        assert.ok(cost)
        const found = costLinesOf(shipped, call(usage), cost)
        assert.ok(found)
        assert.equal(Math.round(found.lines.reduce((sum, { nano }) => sum + nano, 0)), cost.nano)
        const all = found.lines.reduce((sum, line) => sum + line.tokens, 0)
        assert.equal(all, figures.promptTokens + figures.completionTokens)
      }),
    )
  })

  test('is not given by prices that were changed since', () => {
    const usage: Usage = {
      ...noUsage,
      source: 'reported',
      promptTokens: 1_000,
      completionTokens: 10,
      totalTokens: 1_010,
    }
    const cost = chargeOf(shipped, call(usage))
    assert.ok(cost)
    assert.equal(costLinesOf(shipped, call(usage), { ...cost, nano: cost.nano + 1 }), null)
    assert.equal(costLinesOf(shipped, call(usage), { ...cost, price: 'gpt-4o 2020-01-01' }), null)
    assert.equal(costLinesOf(shipped, call(usage), { ...cost, currency: 'EUR' }), null)
  })
})
