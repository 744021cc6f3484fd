/** The console in a real browser, on a real gateway with simulated instances. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import AxeBuilder from '@axe-core/playwright'
import { openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''
const calls = 3

for (let call = 0; call < calls; call += 1) await askHrBot(`How many days of leave are there? ${call}`)

async function askHrBot(question: string): Promise<void> {
  const url = `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: question }] }),
  })
  assert.equal(response.status, 200, await response.text())
}

// Whoever opens the console wants to know first how many calls there were.
test('the overview shows the calls of the period, without a fault of the page', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, token: () => world.token('carol') })
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  const figures = page.getByRole('region', { name: 'Figures of the period' })
  await figures
    .getByRole('link', { name: String(calls), exact: true })
    .first()
    .waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

for (const dark of [false, true]) {
  test(`every page passes the checks of accessibility in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const { page, context, faults } = await openConsole(browser, { admin, token: () => world.token('carol'), dark })
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.getByRole('img').first().waitFor()
    const { violations } = await new AxeBuilder({ page }).analyze()
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`),
      [],
    )
    assert.deepEqual(faults, [])
    await context.close()
  })
}
