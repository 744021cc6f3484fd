/** The page of feeds, in a real browser on a real gateway that writes its records to files. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

const directory = await mkdtemp(join(tmpdir(), 'gatehouse-feed-'))
const archive = { kind: 'files' as const, directory }
const world = await startWorld(
  { after },
  {
    change: config => ({ ...config, feeds: { archive } }),
    parts: { consoleDirectory: builtConsole },
  },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''
after(() => rm(directory, { recursive: true, force: true }))

// The receiver of a feed is taken down for upkeep: nothing may be sent, and nothing lost.
test('an operator pauses a feed and resumes it', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'bob' })
  await page.goto(`${admin}/feeds`)
  const row = page.getByRole('row', { name: /archive/ })
  await row.getByText('Running').waitFor()
  await page.getByRole('button', { name: 'Pause archive' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click()
  await row.getByText('Paused').waitFor()
  await page.getByRole('button', { name: 'Resume archive' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click()
  await row.getByText('Running').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('nothing is sent again before a time is chosen', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'bob' })
  await page.goto(`${admin}/feeds`)
  await page.getByRole('button', { name: 'Send again with archive' }).click()
  const dialog = page.getByRole('dialog')
  const send = dialog.getByRole('button', { name: 'Send again', exact: true })
  assert.equal(await send.isDisabled(), true)
  await dialog.getByLabel('From, in your zone').fill('2026-11-01T00:00')
  await send.click()
  await dialog.waitFor({ state: 'detached' })
  await context.close()
})

for (const dark of [false, true]) {
  test(`feeds pass the checks of accessibility in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const { page, context, faults } = await openConsole(browser, { admin, person: 'frank', dark })
    await page.goto(`${admin}/feeds`)
    await page.getByRole('row', { name: /archive/ }).waitFor()
    await assertAccessible(page)
    assert.deepEqual(faults, [])
    await context.close()
  })
}
