/** The page of a record, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertFits } from '../support/looks.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { change: withLimits, parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

function withLimits(config: ConfigInput): ConfigInput {
  const { 'hr-bot': hrBot, ...others } = config.workloads
  assert.ok(hrBot)
  return { ...config, workloads: { ...others, 'hr-bot': { ...hrBot, limits: { tokensPerDay: 1_000_000 } } } }
}

await ask('How many days of leave are there?', false)
await ask('How many days of leave are left?', true)

async function ask(question: string, stream: boolean): Promise<void> {
  const url = `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ stream, messages: [{ role: 'user', content: question }] }),
  })
  assert.equal(response.status, 200, await response.text())
}

interface Listed {
  readonly id: string
  readonly cost: { readonly nano: number }
}

/** Newest first. */
async function records(): Promise<readonly [Listed, Listed]> {
  const headers = { authorization: `Bearer ${await world.token('carol')}` }
  const response = await fetch(`${admin}/api/v1/records?limit=2`, { headers })
  const { records: list } = (await response.json()) as { readonly records: readonly Listed[] }
  const [newest = assert.fail(), oldest = assert.fail()] = list
  return [newest, oldest]
}

async function read(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: /Why do you read it/ }).fill('A question of the works council')
  await page.getByRole('button', { name: 'Read', exact: true }).click()
}

// Finance asks how a cost comes about: its lines are those of the record, to the billionth.
test('the cost has a line per kind of token, and the lines together are the cost of the record', async () => {
  const [{ id, cost }] = await records()
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/records/${id}`)
  const lines = page.getByRole('region', { name: 'Cost line by line' }).getByRole('row')
  await lines.nth(2).waitFor()
  const amounts = await page
    .getByRole('region', { name: 'Cost line by line' })
    .locator('td:last-child')
    .allTextContents()
  const sum = amounts.reduce((all, amount) => all + Math.round(Number(amount) * 1e9), 0)
  assert.equal(sum, cost.nano)
  await page.getByText(/tokens were reserved before it was sent/).waitFor()
  await page.getByRole('region', { name: 'Limits', exact: true }).getByText('tokens per day').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('two records are compared by the keyboard alone: fields, request and answer side by side', async () => {
  const [newest, oldest] = await records()
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}/records/${newest.id}?view=compare`)
  await page.getByRole('textbox', { name: 'Other record' }).focus()
  await page.keyboard.type(`${admin}/records/${oldest.id}?view=raw`)
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(`with=${oldest.id}`))
  const request = page.getByRole('region', { name: 'Request, side by side' })
  await request.getByText('How many days of leave are left?').waitFor()
  assert.equal(await request.locator('del').filter({ hasText: 'are left?' }).count(), 1)
  assert.equal(await request.locator('ins').filter({ hasText: 'are there?' }).count(), 1)
  await page
    .getByRole('region', { name: 'Fields that differ' })
    .getByRole('row', { name: /^stream/ })
    .waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('the events of a stream are listed, and what is not known of their times is said', async () => {
  const [{ id }] = await records()
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${admin}/records/${id}?view=stream`)
  await read(page)
  await page.getByText(/events, the first bytes after .* Times of single events are not recorded/).waitFor()
  await page.getByRole('region', { name: 'Stream' }).getByText('[DONE]').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

for (const dark of [false, true]) {
  test(`a comparison passes the checks of accessibility in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const [newest, oldest] = await records()
    const { page, faults, context } = await openConsole(browser, { admin, person: 'alice', dark })
    for (const width of [1_440, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await page.goto(`${admin}/records/${newest.id}?view=compare&with=${oldest.id}`)
      await page.getByRole('region', { name: 'Request, side by side' }).waitFor()
      await assertAccessible(page)
      await assertFits(page)
    }
    assert.deepEqual(faults, [])
    await context.close()
  })
}
