import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseConfig } from '../load.ts'
import { ConfigError } from '../messages.ts'
import { brief, changed, changedBy, check } from './rules.fixture.ts'

type Case = readonly [what: string, values: Readonly<Record<string, unknown>>, problem: string, nearest?: string]

const unpriced = { 'instances/two/deployments/voice': { model: 'whisper' } }

suite('prices and cost limits that cannot work are refused', () => {
  // A cost limit over a model without a price is never reached: it limits nothing.
  const cases: readonly Case[] = [
    ['another currency than the catalogue', { 'prices/currency': 'EUR' }, 'conflict prices.currency'],
    ['an invalid currency', { 'prices/currency': 'euro' }, 'wrong_value prices.currency'],
    [
      'a limit in another currency',
      { 'workloads/bot/limits': { costPerDay: '5 EUR' } },
      'conflict workloads.bot.limits.costPerDay',
    ],
    [
      'a limit over a model without a price',
      {
        ...unpriced,
        'workloads/bot/deployments': ['gpt-4o', 'voice'],
        'workloads/bot/limits': { costPerMonth: '5 USD' },
      },
      'conflict workloads.bot.limits.costPerMonth',
    ],
    [
      'a limit over everything, where one model has no price',
      {
        ...unpriced,
        'workloads/bot/deployments': ['gpt-4o', 'voice'],
        'limits/rules/company': { costPerMonth: '5 USD' },
      },
      'conflict limits.rules.company.costPerMonth',
    ],
    [
      'a limit of an instance with such a model',
      { ...unpriced, 'instances/two/limits': { costPerDay: '5 USD' } },
      'conflict instances.two.limits.costPerDay',
    ],
    [
      'a limit of callers over such a model',
      {
        ...unpriced,
        'workloads/bot/deployments': ['gpt-4o', 'voice'],
        'workloads/bot/limits': { perCaller: { costPerDay: '5 USD' } },
      },
      'conflict workloads.bot.limits.perCaller.costPerDay',
    ],
    [
      'a limit over a copy on such a model',
      {
        ...unpriced,
        'workloads/bot/shadow': { 'gpt-4o': { deployment: 'voice', target: 'two' } },
        'workloads/bot/limits': { costPerDay: '5 USD' },
      },
      'conflict workloads.bot.limits.costPerDay',
    ],
    ['a negative price', { 'prices/models': { 'gpt-4o': { input: -1 } } }, 'wrong_value prices.models.gpt-4o.input'],
    [
      'no price of the input',
      { 'prices/models': { 'gpt-4o': { output: 1 } } },
      'missing_key prices.models.gpt-4o.input',
    ],
    ['a price in words', { 'prices/models': { 'gpt-4o': 'cheap' } }, 'wrong_value prices.models.gpt-4o'],
    ['a price that is a number', { 'prices/models': { 'gpt-4o': 5 } }, 'wrong_type prices.models.gpt-4o'],
    ['no price in a list', { 'prices/models': { 'gpt-4o': [] } }, 'wrong_value prices.models.gpt-4o'],
    [
      'a wrong one in a list',
      { 'prices/models': { 'gpt-4o': [{ input: 'x' }] } },
      'wrong_type prices.models.gpt-4o[0].input',
    ],
    [
      'an unknown key in a list',
      { 'prices/models': { 'gpt-4o': [{ input: 1, outptu: 1 }] } },
      'unknown_key prices.models.gpt-4o[0].outptu',
    ],
    [
      'more decimals than are counted',
      { 'prices/models': { 'gpt-4o': { input: 1e-7 } } },
      'wrong_value prices.models.gpt-4o.input',
    ],
    [
      'an invalid day',
      { 'prices/models': { 'gpt-4o': { input: 1, validFrom: '2026-02-30' } } },
      'wrong_value prices.models.gpt-4o.validFrom',
    ],
    [
      'two prices from one day',
      {
        'prices/models': {
          'gpt-4o': [
            { input: 1, output: 1 },
            { input: 2, output: 2 },
          ],
        },
      },
      'duplicate prices.models.gpt-4o[1].validFrom',
    ],
  ]
  for (const [what, values, problem] of cases) {
    test(`${what}: ${problem}`, async () => {
      assert.deepEqual(brief((await check(changedBy(values))).errors), [problem])
    })
  }

  test('the message about a cost limit names the model, its deployment and where its price belongs', async () => {
    const values = { ...unpriced, 'instances/two/limits': { costPerDay: '5 USD' } }
    const [error] = (await check(changedBy(values))).errors
    assert.match(error?.seen ?? '', /whisper \(deployment voice\)/)
    assert.match(error?.expected ?? '', /prices\.models\.whisper/)
  })

  test('a price in the configuration, also a price of 0, makes a cost limit possible', async () => {
    const values = {
      ...unpriced,
      'instances/two/limits': { costPerDay: '5 USD' },
      'prices/models': { whisper: { input: 0 } },
    }
    assert.deepEqual(await check(changedBy(values)), { errors: [], warnings: [] })
  })
})

suite('prices that are probably a mistake cause a warning', () => {
  const cases: readonly Case[] = [
    ['a deployment whose model has no price', unpriced, 'instances.two.deployments.voice.model'],
    [
      'a price of a model that is not deployed',
      { 'prices/models': { 'gtp-4o': { input: 1, output: 2 } } },
      'prices.models.gtp-4o',
      'gpt-4o',
    ],
    [
      'cached input dearer than input',
      { 'prices/models': { 'gpt-4o': { input: 1, cachedInput: 2, output: 2 } } },
      'prices.models.gpt-4o.cachedInput',
    ],
    ['a free answer', { 'prices/models': { 'gpt-4o': { input: 1 } } }, 'prices.models.gpt-4o.output'],
  ]
  for (const [what, values, at, nearest] of cases) {
    test(`${what}: ${at}`, async () => {
      const { errors, warnings } = await check(changedBy(values))
      assert.deepEqual(brief(errors), [])
      assert.deepEqual(brief(warnings), [`risk ${at}`])
      if (nearest !== undefined) assert.equal(warnings[0]?.nearest, nearest)
    })
  }

  test('own prices for dated, tuned and undeployed models of the catalogue cause no warning', async () => {
    const price = { input: 1, output: 2 }
    const models = {
      'gpt-4o-2024-08-06.ft-1a2b': price,
      'gpt-4o-2031-01-01': price,
      o1: price,
      'text-embedding-9': undefined,
    }
    assert.deepEqual(await check(changed('prices/models', models)), { errors: [], warnings: [] })
  })
})

suite('the file of prices.catalogue', () => {
  const catalogue =
    'currency: EUR\nasOf: 2026-10-01\nsource: our contract\nmodels:\n  gpt-4o: { input: 2.2, output: 9 }\n'
  const load = (text: string, files: Readonly<Record<string, string>>) =>
    parseConfig(text, {
      path: '/c/gatehouse.yaml',
      env: {},
      readFile: async path => {
        const found = files[path]
        if (found === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' })
        return found
      },
    })
  const written = changedBy({ 'prices/catalogue': 'prices.yaml', 'workloads/bot/limits': { costPerDay: '5 EUR' } })

  test('is found next to the configuration file, decides the currency, and is watched', async () => {
    const loaded = await load(written, { '/c/prices.yaml': catalogue })
    assert.equal(loaded.config.prices.catalogue, '/c/prices.yaml')
    assert.deepEqual(loaded.sources, ['/c/gatehouse.yaml', '/c/prices.yaml'])
    assert.deepEqual(brief(loaded.warnings), ['risk instances.one.deployments.small.model'])
  })

  // A mistake in the price list must be found by the check, not by the first wrong bill.
  test('is checked as strictly as the configuration: each problem with its place', async () => {
    const wrong = catalogue.replace('2.2', 'two').replace('output', 'outptu')
    await assert.rejects(load(written, { '/c/prices.yaml': wrong }), (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.ok(error.problems.length > 0)
      for (const { path, seen } of error.problems) {
        assert.equal(path, 'prices.catalogue')
        assert.match(seen ?? '', /^\/c\/prices\.yaml:5:\d+ models\.gpt-4o/)
      }
      return true
    })
  })

  test('that is missing is a problem of the configuration, not a crash', async () => {
    await assert.rejects(load(written, {}), (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(brief(error.problems), ['missing_file prices.catalogue'])
      assert.match(error.message, /there is no such file/)
      return true
    })
  })
})
