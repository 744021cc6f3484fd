import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '../run.fixture.ts'

let directory = ''
const text = `
admin: { roles: { viewer: [{ role: Viewer }] } }
identity: { entra: { tenants: [11111111-2222-3333-4444-555555555555] } }
instances:
  one: { endpoint: "https://one.example", deployments: { chat: { model: gpt-4o }, voice: { model: whisper } } }
  two: { endpoint: "https://two.example", deployments: { chat: { model: gpt-4o }, own: { model: house-model } } }
workloads:
  bot: { callers: [{ role: Bot.Use }], targets: [one], deployments: [chat] }
prices: { models: { house-model: { input: 0.5, output: 1.5, validFrom: 2026-01-01 } } }
`
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-cli-prices-'))
  await writeFile(join(directory, 'gatehouse.yaml'), text)
})
after(() => rm(directory, { recursive: true }))

const prices = (...args: string[]) => run(['prices', '--config', join(directory, 'gatehouse.yaml'), ...args])

// Charging costs back to teams requires proof of the price that was used, and of calls without one.
test('each deployed model is listed with its price and its source; a model without a price is named', async () => {
  const { code, out } = await prices()
  assert.equal(code, 0)
  assert.match(out, /^Prices per million tokens, USD\n/)
  assert.match(
    out,
    /^gpt-4o +one\/chat, two\/chat +2\.5 +1\.25 +10 +10 +2\.5 +10 +2\.5 +10 +50 % +catalogue +2026-08-01$/m,
  )
  assert.match(out, /^house-model +two\/own +0\.5 +0\.5 +1\.5 .*configuration +2026-01-01$/m)
  assert.match(out, /^whisper +one\/voice +- +- .*nowhere/m)
  assert.match(out, /recorded without a cost: whisper\. prices\.models takes them/)
})

test('JSON and CSV have the same figures, and null where there is no price', async () => {
  const document = JSON.parse((await prices('--format', 'json')).out)
  assert.equal(document.currency, 'USD')
  assert.deepEqual(document.models[1], { model: 'whisper', deployments: ['one/voice'], price: null })
  assert.deepEqual(document.models[2].price, {
    name: 'house-model 2026-01-01',
    from: 'configuration',
    input: 0.5,
    cachedInput: 0.5,
    output: 1.5,
    reasoning: 1.5,
    audioInput: 0.5,
    audioOutput: 1.5,
    imageInput: 0.5,
    imageOutput: 1.5,
    batchShare: 0.5,
    tiers: {},
    longContext: null,
  })
  const lines = (await prices('--format', 'csv')).out.split('\n')
  assert.equal(lines[2]?.replace('\r', ''), 'whisper,one/voice,USD,,,,,,,,,,,')
})

test('--all lists the catalogue as well, each model once', async () => {
  const { models } = JSON.parse((await prices('--all', '--format', 'json')).out)
  const names = models.map(({ model }: { model: string }) => model)
  assert.ok(names.length > 90 && names.includes('o3-mini') && names.includes('house-model'))
  assert.equal(new Set(names).size, names.length)
})

test('a configuration that cannot be read is an error in three lines', async () => {
  const { code, err } = await run(['prices', '--config', '/nowhere/gatehouse.yaml'])
  assert.equal(code, 1)
  assert.match(err, /✗ config_unreadable/)
})
