/** The page of limits and budgets, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld(
  { after },
  { fromFile: true, change: withLimits, parts: { consoleDirectory: builtConsole } },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

/** Three calls of a month are few, so that a test reaches them. */
function withLimits(config: ConfigInput): ConfigInput {
  const { 'hr-bot': hrBot, ...others } = config.workloads
  assert.ok(hrBot)
  const limits = { requestsPerMinute: 2, tokensPerDay: 1_000_000, costPerMonth: '10 USD', costPerQuarter: '25 USD' }
  return { ...config, workloads: { ...others, 'hr-bot': { ...hrBot, limits } } }
}

async function ask(): Promise<number> {
  const url = `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'How many days of leave are there?' }] }),
  })
  await response.text()
  return response.status
}

// A team asks why its calls are refused, and how much is left.
test('a rule that refused shows how often, and leads to the refused records', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  const statuses = [await ask(), await ask(), await ask(), await ask()]
  assert.ok(statuses.includes(429), String(statuses))
  await page.goto(`${admin}/limits?workload=hr-bot`)
  const rules = page.getByRole('region', { name: 'Use of each rule' })
  const row = rules.getByRole('row', { name: /calls per minute/ })
  await row.getByRole('meter').waitFor()
  await row.getByRole('link').last().click()
  await page.getByRole('heading', { level: 1, name: 'Records', exact: true }).waitFor()
  await page.waitForURL(/outcome=refused/)
  assert.deepEqual(faults, [])
  await context.close()
})

test('a budget of cost has its amounts in the currency', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/limits`)
  const budgets = page.getByRole('region', { name: 'Use of each budget, and its forecast' })
  const month = budgets.getByRole('row', { name: /cost per month/ })
  await month.getByText(/ of \$10\.00$/).waitFor()
  const quarter = budgets.getByRole('row', { name: /cost per quarter/ })
  await quarter.getByText(/ of \$25\.00$/).waitFor()
  await quarter.getByRole('link', { name: 'hr-bot' }).click()
  await page
    .getByRole('figure', { name: /^cost per quarter/ })
    .getByRole('img')
    .waitFor()
  await context.close()
})

// Somebody raises a limit during an incident, and must see that it is in force.
test('a limit that is edited in the file shows on the open page', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/limits?workload=hr-bot`)
  const row = page.getByRole('region', { name: 'Use of each rule' }).getByRole('row', { name: /tokens per day/ })
  await row.getByText(/ of 1M$/).waitFor()
  const asked: string[] = []
  page.on('request', request => asked.push(new URL(request.url()).pathname))
  const file = join(world.directory, 'gatehouse.yaml')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('tokensPerDay: 1000000', 'tokensPerDay: 2000000'))
  await row.getByText(/ of 2M$/).waitFor()
  assert.ok(!asked.includes('/api/v1/limits'), 'the page did not ask again: the stream brought it')
  await writeFile(file, text)
  await row.getByText(/ of 1M$/).waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

for (const dark of [false, true]) {
  test(`limits pass the checks of accessibility in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const { page, context, faults } = await openConsole(browser, { admin, person: 'frank', dark })
    await page.goto(`${admin}/limits`)
    await page.getByRole('region', { name: 'Use of each rule' }).waitFor()
    await assertAccessible(page)
    await page.getByRole('link', { name: 'hr-bot', exact: true }).first().click()
    await page
      .getByRole('figure', { name: /^tokens per day/ })
      .getByRole('img')
      .waitFor()
    await assertAccessible(page)
    assert.deepEqual(faults, [])
    await context.close()
  })
}
