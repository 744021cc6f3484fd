/** What the gateway is and is made of, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { version } from '../../packages/gateway/src/version.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertEveryLook } from '../support/looks.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

test('about has the version, the health of each part, the replicas, and every licence with its text', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('b')
  await page.getByRole('region', { name: 'Gatehouse' }).getByText(version, { exact: true }).waitFor()
  const health = page.getByRole('region', { name: 'Health of the parts' })
  assert.equal(await health.getByText('well', { exact: true }).count(), 7)
  await page
    .getByRole('row', { name: /this one answers/ })
    .getByText('running')
    .waitFor()
  const find = page.getByRole('textbox', { name: 'Find a package or a licence' })
  await find.fill('react-dom')
  const licences = page.getByRole('region', { name: 'Packages of an installation, and their licences' })
  await licences.getByRole('row', { name: /^react-dom .*MIT/ }).waitFor()
  await page.waitForURL(/find=react-dom/)
  const address = await page.getByRole('link', { name: 'Texts of all licences' }).getAttribute('href')
  const texts = await fetch(`${admin}${address}`)
  assert.match(texts.headers.get('content-type') ?? '', /^text\/plain/)
  assert.match(await texts.text(), /react-dom \d[\s\S]*Permission is hereby granted/)
  await assertEveryLook(page)
  assert.deepEqual(faults, [])
  await context.close()
})

test('a person without a role sees what a report needs, and nothing of the house', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'dave' })
  await page.goto(`${admin}/about`)
  await page.getByText('How the parts are is shown with the role viewer.').waitFor()
  await page.getByRole('button', { name: 'Copy for a report' }).waitFor()
  assert.equal(await page.getByRole('region', { name: 'Replicas' }).count(), 0)
  assert.deepEqual(faults, [])
  await context.close()
})
