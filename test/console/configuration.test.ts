/** The page of the configuration, in a real browser on a real gateway that runs from a file. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertEveryLook } from '../support/looks.ts'
import { chatPath, instanceKey, startWorld } from '../support/world.ts'

const world = await startWorld(
  { after },
  {
    fromFile: true,
    change: config => ({ ...config, admin: { ...config.admin, applyConfiguration: true } }),
    parts: { consoleDirectory: builtConsole },
  },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''
const file = join(world.directory, 'gatehouse.yaml')

async function statusOfCall(): Promise<number> {
  const response = await fetch(`${world.url}${chatPath}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'How many days of leave are there?' }] }),
  })
  await response.arrayBuffer()
  return response.status
}

const editor = (page: Page) => page.getByRole('textbox', { name: 'Text of the configuration' })

// Somebody locks a deployment from the console in the night: the next call must meet it, and the old one must be there.
test('an administrator edits by keyboard alone, checks and applies, and the next call meets the change', async () => {
  assert.equal(await statusOfCall(), 200)
  const { page, faults, context } = await openConsole(browser, { admin, person: 'erin' })
  await page.goto(`${admin}/configuration?find=hr-bot+deployments`)
  await page.getByRole('rowheader', { name: 'workloads.hr-bot.deployments[0]' }).waitFor()
  await page
    .getByRole('link', { name: /Open line/ })
    .first()
    .focus()
  await page.keyboard.press('Enter')
  await editor(page).waitFor()
  const before = await readFile(file, 'utf8')
  assert.ok(before.includes(instanceKey))
  assert.doesNotMatch(await page.content(), new RegExp(instanceKey), 'no secret is in the page')

  await page.getByRole('button', { name: 'Apply. It is what the file says already.' }).waitFor()
  // The cursor is at the beginning of the line of the first deployment.
  await page.keyboard.type('[')
  await page.keyboard.press('Control+Enter')
  await page.getByText(/It has \d+ problems?/).waitFor()
  await page.keyboard.press('Backspace')
  await page.keyboard.type('# ')
  await page.keyboard.press('Control+Enter')
  await page.getByText(/Nothing is wrong with it|It can be used/).waitFor()
  await page.getByRole('textbox', { name: /what differs from the file/ }).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Shift+Tab')
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Apply')
  await page.keyboard.press('Enter')
  // A key that is pressed before the button has the focus is for the one that opened the dialog.
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Apply', exact: true })
    .and(page.locator(':focus'))
    .waitFor()
  await page.keyboard.press('Enter')
  await page.getByText('It is in force.').waitFor()
  assert.equal(await statusOfCall(), 403)
  assert.equal(await readFile(file, 'utf8').then(text => text.includes(instanceKey)), true, 'its secrets are kept')

  await page.goto(`${admin}/configuration?view=history`)
  await page.getByRole('row', { name: /Applied, in force now.*erin/ }).waitFor()
  await page.getByRole('link', { name: 'Show version 2' }).click()
  await page.getByRole('textbox', { name: /Version 2, with what differs from version 1/ }).waitFor()
  assert.doesNotMatch(await page.content(), new RegExp(instanceKey))
  assert.deepEqual(faults, [])
  await context.close()
})

test('what the role does not allow is there, with the reason', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'bob' })
  await page.goto(`${admin}/configuration?view=edit`)
  await page.getByRole('button', { name: /Apply.*Needs the role admin/ }).waitFor()
  await context.close()
  const alice = await openConsole(browser, { admin, person: 'alice' })
  await alice.page.goto(`${admin}/configuration`)
  await alice.page.getByRole('link', { name: /Configuration.*Needs the role operator/ }).waitFor()
  await alice.page.getByText('You may not see this').waitFor()
  await alice.context.close()
})

test('it passes the checks of accessibility and fits every screen', async () => {
  const { page, context, faults } = await openConsole(browser, { admin, person: 'erin' })
  await page.goto(`${admin}/configuration?find=hr-bot`)
  await page.getByRole('rowheader').first().waitFor()
  await assertEveryLook(page)
  await page.goto(`${admin}/configuration?view=edit&line=1`)
  await editor(page).waitFor()
  await page.keyboard.type('[')
  await page.keyboard.press('Control+Enter')
  await page.getByText(/It has \d+ problems?/).waitFor()
  await assertEveryLook(page)
  await page.goto(`${admin}/configuration?view=history&version=1`)
  await page.getByRole('textbox', { name: 'Text of version 1' }).waitFor()
  await assertEveryLook(page)
  assert.deepEqual(faults, [])
  await context.close()
})
