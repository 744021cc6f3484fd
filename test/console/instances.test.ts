/** The page of instances and pools, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

async function ask(): Promise<void> {
  const url = `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'How many days of leave are there?' }] }),
  })
  assert.equal(response.status, 200, await response.text())
}

// Before the upkeep of an instance, an operator moves its calls elsewhere and watches that they go.
test('an operator drains an instance, sees the traffic move, and restores it', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'bob' })
  await page.goto(`${admin}/instances`)
  const row = page.getByRole('row', { name: /dev-openai-instance-1 / }).first()
  await row.getByText('Healthy').waitFor()
  await page.getByRole('button', { name: 'Drain dev-openai-instance-1' }).click()
  await page
    .getByRole('dialog')
    .getByText(/New calls go to the other members/)
    .waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click()
  await row.getByText('Drained').waitFor()
  await ask()
  await page.getByRole('button', { name: 'Traffic: show as table' }).click()
  const traffic = page
    .getByRole('region', { name: 'Calls by workload and instance' })
    .getByRole('row', { name: /hr-bot/ })
  await traffic.getByText('dev-openai-instance-2').waitFor()
  assert.equal(await traffic.count(), 1, 'no call went to the drained instance')
  await page.getByRole('button', { name: 'Restore dev-openai-instance-1' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click()
  await row.getByText('Healthy').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('an operator probes an instance and sees the answer', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'bob' })
  await page.goto(`${admin}/instances`)
  await page.getByRole('button', { name: 'Probe dev-openai-instance-2' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Probe', exact: true }).click()
  await page
    .getByRole('row', { name: /dev-openai-instance-2 / })
    .getByText('answered')
    .waitFor()
  await context.close()
})

test('without the role of an operator the buttons are disabled, and say why', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/instances`)
  const drain = page.getByRole('button', { name: /^Drain dev-openai-instance-1. Needs the role/ })
  await drain.waitFor()
  assert.equal(await drain.getAttribute('aria-disabled'), 'true')
  await drain.click({ force: true })
  assert.equal(await page.getByRole('dialog').count(), 0)
  await context.close()
})

for (const dark of [false, true]) {
  test(`instances and pools pass the checks of accessibility in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const { page, context, faults } = await openConsole(browser, { admin, person: 'bob', dark })
    await page.goto(`${admin}/instances`)
    await assertAccessible(page)
    await page.getByRole('button', { name: 'Drain dev-openai-instance-2' }).click()
    await page.getByRole('dialog').waitFor()
    await assertAccessible(page)
    assert.deepEqual(faults, [])
    await context.close()
  })
}
