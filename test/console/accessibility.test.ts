/** The pages of the console by the rules of WCAG that a program can check, in both themes. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

const question = 'How many days of leave are there?'
const answered = await fetch(
  `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`,
  {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: question }] }),
  },
)
assert.equal(answered.status, 200, await answered.text())

async function readBodies(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: /Why do you read it/ }).fill('A question of the works council')
  await page.getByRole('button', { name: 'Read', exact: true }).click()
  await page.getByText(question).waitFor()
}

const addresses = ['/', '/records', '/records?workload=nobody', '/records/RECORD', '/nowhere']

for (const dark of [false, true]) {
  test(`every page passes the checks of accessibility in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const { page, context, faults } = await openConsole(browser, { admin, person: 'carol', dark })
    const id = await newestRecord()
    for (const address of addresses) {
      await page.goto(`${admin}${address.replace('RECORD', id)}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.waitForLoadState('networkidle')
      await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
      if (address.endsWith('RECORD')) await readBodies(page)
      const { violations } = await new AxeBuilder({ page }).analyze()
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
      assert.deepEqual(found, [], address)
    }
    assert.deepEqual(faults, [])
    await context.close()
  })
}

async function newestRecord(): Promise<string> {
  const response = await fetch(`${admin}/api/v1/records?limit=1`, {
    headers: { authorization: `Bearer ${await world.token('carol')}` },
  })
  const { records } = (await response.json()) as { readonly records: readonly { readonly id: string }[] }
  return records[0]?.id ?? ''
}
