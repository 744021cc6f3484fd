/** The page that everybody has: the own use, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callerKey } from '../../packages/gateway/src/identity/caller.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertEveryLook } from '../support/looks.ts'
import { startWorld } from '../support/world.ts'

const hostile = '<img src=x onerror=boom()>\u202e'
const world = await startWorld(
  { after },
  {
    change(config) {
      const { 'hr-bot': hrBot, ...others } = config.workloads
      assert.ok(hrBot)
      const limits = { tokensPerDay: 1_000_000, perCaller: { requestsPerMinute: 100 } }
      return { ...config, workloads: { ...others, 'hr-bot': { ...hrBot, limits } } }
    },
    parts: { consoleDirectory: builtConsole },
  },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

await ask('alice', 'gpt-4o')
await ask('alice', 'gpt-4o-mini')
await ask('alice', hostile)
await ask('carol', 'gpt-4o')
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

function keyOf(name: string): string {
  const person = demoDirectory.people.find(one => one.name === name)
  assert.ok(person)
  return callerKey({ kind: 'user', tenantId: demoDirectory.tenantId, objectId: person.objectId, appId: null })
}

interface Totals {
  readonly calls: number
  readonly refused: number
  readonly totalTokens: number
  readonly costs: readonly { readonly nano: number }[]
}

/** As `gatehouse usage --caller` has it. */
async function totalsOf(name: string): Promise<Totals> {
  const headers = { authorization: `Bearer ${await world.token('frank')}` }
  const response = await fetch(`${admin}/api/v1/usage?caller=${encodeURIComponent(keyOf(name))}`, { headers })
  return ((await response.json()) as { readonly total: Totals }).total
}

test('everybody sees their own calls, and the figures are those of the ledger', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}/me`)
  const figures = page.getByRole('region', { name: 'Your calls of the period' })
  const { calls, refused, totalTokens, costs } = await totalsOf('alice')
  assert.deepEqual([calls, refused], [3, 1])
  await figures.getByText(String(calls), { exact: true }).waitFor()
  const titles = await figures.locator('[title]').evaluateAll(all => all.map(one => (one as { title: string }).title))
  assert.ok(titles.includes(totalTokens.toLocaleString('en')), `${totalTokens} is not among ${titles}`)
  const exact = `${((costs[0]?.nano ?? 0) / 1e9).toFixed(9)} USD`
  assert.ok(titles.includes(exact), `${exact} is not among ${titles}`)
  const limits = page.getByRole('region', { name: 'What is left in each limit' })
  await limits.getByRole('row', { name: /hr-bot.*tokens per day/ }).waitFor()
  await limits.getByRole('row', { name: /your calls alone.*calls per minute/ }).waitFor()
  const latest = page.getByRole('region', { name: 'Latest calls, newest first' })
  assert.equal(await latest.getByRole('row').count(), 1 + calls, 'a row for each own call, and the titles')
  assert.deepEqual(faults, [], 'a hostile name of a model does nothing')
  await context.close()
})

test('the keyboard alone leads to a program to copy, and the address keeps the choice', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('m')
  await page.getByRole('heading', { level: 1, name: 'My use' }).waitFor()
  const node = page.getByRole('radio', { name: 'Node' })
  await node.waitFor({ state: 'attached' })
  const focused = node.and(page.locator(':focus'))
  for (let steps = 0; steps < 80 && (await focused.count()) === 0; steps += 1) await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowRight')
  await page.waitForURL(/sdk=Python/)
  await page.getByText(`base_url="${world.url}/main/code-assistant/openai/v1/"`).waitFor()
  await page.reload()
  assert.equal(await page.getByRole('radio', { name: 'Python' }).isChecked(), true)
  assert.deepEqual(faults, [])
  await context.close()
})

// Who asks an operator for access must know what to ask for.
test('a person without a role and without a workload begins here, and learns what to ask for', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'dave' })
  await page.getByRole('heading', { level: 1, name: 'My use' }).waitFor()
  assert.equal(new URL(page.url()).pathname, '/me')
  await page.getByText('No workload lists you among its callers').waitFor()
  await page.getByText(`user: ${keyOf('dave').split('/')[1]}`).waitFor()
  await page.getByText('caller_not_bound').waitFor()
  assert.equal(await page.getByRole('link', { name: /^\d+ \w+, / }).count(), 0, 'records are not for this person')
  await assertEveryLook(page)
  assert.deepEqual(faults, [])
  await context.close()
})

test('the own use has every look without a fault', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}/me?sdk=LangChain&token=identity`)
  await page.getByRole('region', { name: 'Latest calls, newest first' }).waitFor()
  await assertEveryLook(page)
  assert.deepEqual(faults, [])
  await context.close()
})
