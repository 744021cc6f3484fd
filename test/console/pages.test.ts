/** The console in a real browser, on a real gateway with simulated instances. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { builtConsole, isShownWithinTwoSeconds, openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''
const calls = 3

for (let call = 0; call < calls; call += 1) await ask(`How many days of leave are there? ${call}`)

/** A call of alice as hr-bot. */
async function ask(question: string): Promise<void> {
  const url = `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: question }] }),
  })
  assert.equal(response.status, 200, await response.text())
}

async function readBodies(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: /Why do you read it/ }).fill('A question of the works council')
  await page.getByRole('button', { name: 'Read', exact: true }).click()
}

// Whoever opens the console wants to know first how many calls there were.
test('the overview shows the calls of the period, and each figure leads to its records', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  const figures = page.getByRole('region', { name: 'Figures of the period' })
  await figures
    .getByRole('link', { name: String(calls), exact: true })
    .first()
    .click()
  await page.getByRole('heading', { level: 1, name: 'Records', exact: true }).waitFor()
  await page.getByText(`All ${calls} records of the period`).waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('an auditor finds a record and reads what was said, after a reason', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${admin}/records`)
  await page.getByRole('textbox', { name: 'Filter' }).fill('workload:hr-bot outcome:completed')
  await page.keyboard.press('Enter')
  await page.waitForURL(/outcome=completed/)
  await page.getByRole('table').getByRole('link').last().click()
  await page.getByRole('heading', { level: 1, name: 'Record', exact: true }).waitFor()
  assert.equal(
    await page.getByText('How many days of leave are there? 0').count(),
    0,
    'nothing is read without a reason',
  )
  await readBodies(page)
  await page.getByText('How many days of leave are there? 0').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('signing out shows the way to sign in, and the figures are gone', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.getByRole('button', { name: /^Signed in as/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  // The sign-in service says that the session is over there too.
  await page.waitForURL(/\/logout/)
  await page.goto(`${admin}/records`)
  await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
  await context.close()
})

test('a wrong filter is named, and one that the gateway refuses shows its reason', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${admin}/records`)
  await page.getByRole('textbox', { name: 'Filter' }).fill('colour:red')
  await page.getByText('there is no such filter').waitFor()
  await page.goto(`${admin}/records?outcome=lost`)
  await page.getByText(/Parameter "outcome": expected one of/).waitFor()
  await context.close()
})

// Somebody who debugs a program looks at the page while the program calls.
test('a call made now is in the live tail within two seconds', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${admin}/records?live=1&workload=hr-bot`)
  const links = page.getByRole('table').getByRole('link')
  await links.first().waitFor()
  // Busy cores may hold up one call, or two in a row.
  let isInTime = false
  for (let calls = 0; calls < 3 && !isInTime; calls += 1) {
    const before = await links.count()
    await ask('Is it there?')
    isInTime = await isShownWithinTwoSeconds(links.nth(before))
    await links.nth(before).waitFor()
  }
  assert.ok(isInTime)
  await context.close()
})

test('the keyboard alone leads from the overview to what was said', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.keyboard.press('Control+k')
  // A key that is pressed before the field has the focus is not for it.
  await page
    .getByPlaceholder(/Name of a page/)
    .and(page.locator(':focus'))
    .waitFor()
  // The gutter of the scrollbar would stay a light strip beside the dark cover.
  const gutter = () => page.evaluate<string>('getComputedStyle(document.documentElement).scrollbarGutter')
  assert.equal(await gutter(), 'auto')
  await page.keyboard.type('rec')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Records', exact: true }).waitFor()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.equal(await gutter(), 'stable')
  await page.getByRole('table').getByRole('link').first().focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Record', exact: true }).waitFor()
  const reason = page.getByRole('textbox', { name: /Why do you read it/ })
  await reason.waitFor()
  const focused = reason.and(page.locator(':focus'))
  for (let steps = 0; steps < 40 && (await focused.count()) === 0; steps += 1) {
    await page.keyboard.press('Tab')
  }
  await page.keyboard.type('A question of the works council')
  await page.keyboard.press('Enter')
  await page
    .getByText(/How many days of leave|Is it there/)
    .first()
    .waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('a developer reads an own call without a reason', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}/records`)
  await page.getByRole('table').getByRole('link').last().click()
  await page.getByText('How many days of leave are there? 0').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('a person without a role sees that, and what to do', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'dave' })
  await page.goto(`${admin}/limits`)
  await page.getByText(/This needs the role viewer/).waitFor()
  await page.getByRole('link', { name: /Records. Needs the role/ }).waitFor()
  await context.close()
})

// A page that takes seconds to come is not opened.
test('what a browser loads first is at most 350 KB of script, gzipped, in at most seven files', () => {
  const index = readFileSync(join(builtConsole, 'index.html'), 'utf8')
  const first = [...index.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path = '']) => path)
  const size = (file: string): number => gzipSync(readFileSync(join(builtConsole, file))).byteLength
  assert.ok(first.length > 0 && size(first[0] ?? '') > 50_000, 'the entry is found')
  // What index.html names, and of the largest page its own file and the two largest that few pages share. The editor
  // comes after its page.
  const others = globSync('assets/*.js', { cwd: builtConsole }).filter(file => !first.includes(file))
  const sizes = others
    .filter(file => !file.includes('/look-'))
    .map(size)
    .sort((one, other) => other - one)
  const bytes = [...first.map(size), ...sizes.slice(0, 3)].reduce((sum, one) => sum + one, 0)
  assert.ok(bytes <= 350 * 1_024, `${bytes} bytes`)
  const styles = [...index.matchAll(/href="\/assets\/[^"]+\.css"/g)]
  assert.ok(first.length + styles.length + 3 <= 7)
})
