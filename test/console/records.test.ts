/** The page of records, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertFits } from '../support/looks.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

await ask('How many days of parental leave are there?')
await ask('Where is the canteen?')

/** What a browser says when a tab is looked at, or no longer. */
async function see(page: Page, isSeen: boolean): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(document, 'hidden', { value: ${!isSeen}, configurable: true })
     document.dispatchEvent(new Event('visibilitychange'))`,
  )
}

async function ask(question: string): Promise<void> {
  const url = `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: question }] }),
  })
  assert.equal(response.status, 200, await response.text())
}

// Somebody who looks for a costly call writes what they look for, and shares what they found as a link.
test('filters by amounts are written as text, saved as a view, and opened again by its name', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/records`)
  const links = page.getByRole('table').getByRole('link')
  await links.nth(1).waitFor()
  const filter = page.getByRole('textbox', { name: 'Filter' })
  await filter.fill('workload:hr-bot tokens>1 cost>0.000000001 duration>1h')
  await page.keyboard.press('Enter')
  await page.getByText('No records').waitFor()
  assert.match(page.url(), /tokensOver=1&costOverNano=1&durationOverMs=3600000/)
  await page.getByRole('button', { name: 'Take out the filter durationOverMs' }).click()
  await links.nth(1).waitFor()
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('textbox', { name: 'Name of this view' }).fill('Costly calls')
  await page.keyboard.press('Enter')
  await page.waitForURL(/view=Costly\+calls/)
  await page.goto(`${admin}/records`)
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('button', { name: 'Costly calls', exact: true }).click()
  await page.waitForURL(/costOverNano=1/)
  assert.equal(await filter.inputValue(), 'workload:hr-bot tokens>1 cost>0.000000001')
  assert.deepEqual(faults, [])
  await context.close()
})

test('chosen columns are those of the next visit', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/records`)
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Client' }).click()
  await page.goto(`${admin}/records`)
  await page.getByRole('columnheader', { name: 'Client' }).waitFor()
  await context.close()
})

test('a text in quotes is looked for in the bodies of the day, after a reason', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${admin}/records`)
  await page.getByRole('textbox', { name: 'Filter' }).fill('"parental leave"')
  await page.keyboard.press('Enter')
  await page.getByText('Which workload?').waitFor()
  await page.getByRole('textbox', { name: 'Filter' }).fill('workload:hr-bot "parental leave"')
  await page.keyboard.press('Enter')
  await page.getByRole('textbox', { name: /Why do you read it/ }).fill('A question of the works council')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  const found = page.getByRole('region', { name: /Bodies with/ })
  await found.getByText('in the request').waitFor()
  assert.equal(await found.getByText('canteen').count(), 0)
  await assertAccessible(page)
  await found.getByRole('link').first().click()
  await page.getByRole('heading', { level: 1, name: 'Record', exact: true }).waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('a viewer is told who may search bodies', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/records?text=leave`)
  await page.getByText(/searched by the role auditor/).waitFor()
  await context.close()
})

test('the records of the filters are exported, and a refusal says why', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/records?workload=hr-bot`)
  for (const [item, start] of [
    ['CSV, for spreadsheets', 'id,started'],
    ['Parquet, up to a million records', 'PAR1'],
  ] as const) {
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('menuitem', { name: item }).click()
    const file = await readFile(await (await downloading).path(), 'latin1')
    assert.ok(file.startsWith(start), item)
  }
  await page.goto(`${admin}/records?outcome=lost`)
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: /CSV/ }).click()
  await page
    .getByRole('alert')
    .getByText(/expected one of completed/)
    .first()
    .waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('an auditor exports conversations with a reason, and others have no such item', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${admin}/records?workload=hr-bot`)
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: 'Conversations, JSON lines' }).click()
  const dialog = page.getByRole('dialog', { name: 'Export conversations' })
  await dialog.getByRole('textbox').fill('Request 4711')
  await assertAccessible(page)
  const downloading = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Export' }).click()
  const file = await readFile(await (await downloading).path(), 'utf8')
  assert.match(file, /"conversation":\{"messages":\[.*Where is the canteen\?/)
  assert.deepEqual(faults, [])
  await context.close()
  const viewer = await openConsole(browser, { admin, person: 'frank' })
  await viewer.page.goto(`${admin}/records`)
  await viewer.page.getByRole('button', { name: 'Export' }).click()
  await viewer.page.getByRole('menuitem', { name: /CSV/ }).waitFor()
  assert.equal(await viewer.page.getByRole('menuitem', { name: /Conversations/ }).count(), 0)
  await viewer.context.close()
})

// A tab that nobody sees, or that nobody is signed in to, must not keep a stream.
test('the tail is one stream, which ends with the session in another tab', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'carol' })
  const streams: string[] = []
  page.on('request', request => {
    if (request.url().includes('/api/v1/live')) streams.push(request.url())
  })
  await page.goto(`${admin}/records?live=1`)
  const links = page.getByRole('table').getByRole('link')
  await links.nth(1).waitFor()
  await page.getByText(/ records; scroll for more\. Records appear|records of the period\. Records appear/).waitFor()
  const before = await links.count()
  await ask('Is it there?')
  await links.nth(before).waitFor()
  assert.equal(streams.length, 1)
  assert.match(streams[0] ?? '', /events=record&after=\d+/)
  // Nobody sees the tab for a while: the stream ends, and goes on after the last record.
  await see(page, false)
  await page.getByText('The stream is interrupted').waitFor()
  await ask('Does anybody see it?')
  await see(page, true)
  await links.nth(before + 1).waitFor()
  assert.equal(streams.length, 2)
  const other = await context.newPage()
  await other.goto(`${admin}/records`)
  await other.getByRole('button', { name: /^Signed in as/ }).click()
  await other.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
  await context.close()
})

// "No records" of a misspelt name would be a false all-clear for whoever looks into a complaint.
test('a filter with a name that does not exist says so, and offers the nearest name', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  const links = page.getByRole('table').getByRole('link')
  for (const [filter, title, nearest] of [
    ['workload=hrbot', 'No workload is called hrbot', /^Show hr-bot$/],
    ['caller=alice', 'No caller is called alice', /^Show alice@contoso\.example$/],
    ['model=gpt-4o', 'No record has the model gpt-4o', /^Show gpt-4o-20/],
    ['deployment=gpt-4oo', 'No deployment is called gpt-4oo', /^Show gpt-4o$/],
  ] as const) {
    await page.goto(`${admin}/records?${filter}`)
    await page.getByText(title, { exact: true }).waitFor()
    await page.getByRole('button', { name: nearest }).click()
    await links.first().waitFor()
  }
  await page.goto(`${admin}/records?instance=nobody-by-this-name`)
  await page.getByText('No instance is called nobody-by-this-name', { exact: true }).waitFor()
  await page.getByText(/^There are: .*\.$/).waitFor()
  assert.equal(await page.getByRole('button', { name: /^Show / }).count(), 0)
  // A workload that exists and was not called in the period is known.
  await page.goto(`${admin}/records?workload=expert-finder`)
  await page.getByText('No records', { exact: true }).waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

for (const dark of [false, true]) {
  test(`records pass the checks of accessibility at 390 px in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const { page, faults, context } = await openConsole(browser, { admin, person: 'frank', dark, width: 390 })
    await page.goto(`${admin}/records`)
    await page.getByRole('table').getByRole('link').first().waitFor()
    await assertAccessible(page)
    await assertFits(page)
    assert.deepEqual(faults, [])
    await context.close()
  })
}
