/** The pages of workloads, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertEveryLook } from '../support/looks.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld(
  { after },
  {
    change(config) {
      const { 'hr-bot': hrBot, ...others } = config.workloads
      assert.ok(hrBot)
      const limits = { tokensPerDay: 1_000_000, costPerMonth: '10 USD' }
      const limited = { ...hrBot, limits, output: { most: 2_000 }, canary: {} }
      return { ...config, workloads: { 'hr-bot': limited, ...others } }
    },
    parts: { consoleDirectory: builtConsole },
  },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

await ask('alice', 'gpt-4o')
await ask('alice', '<img src=x onerror=boom()>')
await ask('carol', 'gpt-4o-mini')
await ask('dave', 'gpt-4o')

/** What comes of it does not matter here: each call leaves a record. */
async function ask(person: string, model: string): Promise<void> {
  const response = await fetch(`${world.url}/main/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token(person)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'How many days of leave are there?' }] }),
  })
  await response.text()
}

// Finance and the team of a workload talk about the same figures, or not at all.
test('a workload has its calls, limits, callers, errors and what it may use, by keyboard alone', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('w')
  const link = page.getByRole('table').getByRole('link', { name: 'hr-bot', exact: true })
  await link.waitFor()
  const focused = link.and(page.locator(':focus'))
  for (let steps = 0; steps < 60 && (await focused.count()) === 0; steps += 1) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'hr-bot' }).waitFor()
  const callers = page.getByRole('region', { name: 'Callers with most tokens in the period' })
  await callers.getByRole('row', { name: /alice.* 2 / }).waitFor()
  const errors = page.getByRole('region', { name: 'Kinds of errors of the period, most calls first' })
  await errors.getByRole('row', { name: /caller_not_bound 403 1 / }).waitFor()
  await errors.getByRole('row', { name: /deployment_not_allowed 403 1 / }).waitFor()
  const limits = page.getByRole('region', { name: 'Use of each limit, and its forecast' })
  await limits
    .getByRole('row', { name: /tokens per day/ })
    .getByRole('meter')
    .first()
    .waitFor()
  await page.getByText('at most 2,000 tokens').waitFor()
  await page.getByText(/^Members of the group 64000000-/).waitFor()
  const headers = { authorization: `Bearer ${await world.token('frank')}` }
  const usage = await fetch(`${admin}/api/v1/usage?workload=hr-bot`, { headers })
  const { total } = (await usage.json()) as { readonly total: { readonly totalTokens: number } }
  const figures = page.getByRole('region', { name: 'Figures of the period' })
  assert.equal(await figures.locator(`[title="${total.totalTokens.toLocaleString('en')}"]`).count(), 1)
  await errors.getByRole('link', { name: /caller_not_bound/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Records', exact: true }).waitFor()
  await page.waitForURL(/outcomeCode=caller_not_bound/)
  await page.getByText('All 1 records of the period').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('a developer sees the workloads that list them; another one is not there for them', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}/workloads`)
  await page.getByRole('row', { name: /hr-bot/ }).waitFor()
  assert.equal(await page.getByText('code-assistant').count(), 0)
  await page.goto(`${admin}/workloads/code-assistant`)
  await page.getByText('There is no such workload. There are: hr-bot.').waitFor()
  await page.goto(`${admin}/workloads/${encodeURIComponent('<img src=x onerror=boom()>\u202e')}`)
  await page.getByText('There is no such workload.').waitFor()
  await page.getByText('⟨U+202E⟩').first().waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('the pages of workloads have every look without a fault', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  for (const address of ['/workloads', '/workloads/hr-bot?sdk=curl&token=identity']) {
    await page.goto(`${admin}${address}`)
    await page.getByRole('table').first().waitFor()
    await assertEveryLook(page)
  }
  assert.deepEqual(faults, [])
  await context.close()
})
