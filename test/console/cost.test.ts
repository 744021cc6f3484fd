/** The page of costs, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

const limits = { timeZone: 'Europe/Berlin', fiscalYearStart: '10-01' }
const world = await startWorld(
  { after },
  { change: config => ({ ...config, limits }), parts: { consoleDirectory: builtConsole } },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

for (const person of ['alice', 'carol']) await ask(person)

async function ask(person: string): Promise<void> {
  const url = `${world.url}/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token(person)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: `How many days of leave has ${person}?` }] }),
  })
  assert.equal(response.status, 200, await response.text())
}

interface Totals {
  readonly total: { readonly calls: number; readonly costs: readonly { readonly nano: number }[] }
}

async function totals(): Promise<Totals['total']> {
  const headers = { authorization: `Bearer ${await world.token('frank')}` }
  const response = await fetch(`${admin}/api/v1/usage?by=workload`, { headers })
  return ((await response.json()) as Totals).total
}

// Who charges costs to departments needs sums that are those of the ledger, to the last digit.
test('the sums of the CSV are those of the ledger', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/cost?by=caller`)
  await page.getByRole('button', { name: 'This month' }).click()
  await page.getByRole('row', { name: /alice/i }).waitFor()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download CSV' }).click()
  const [head = '', ...rows] = (await readFile(await (await downloading).path(), 'utf8')).trimEnd().split('\r\n')
  const column = (name: string): number => head.split(',').indexOf(name)
  const sum = (name: string): bigint =>
    rows.reduce((all, row) => all + BigInt((row.split(',')[column(name)] ?? '').replace('.', '')), 0n)
  const { calls, costs } = await totals()
  assert.equal(rows.length, 2)
  assert.equal(sum('calls'), BigInt(calls))
  assert.equal(sum('cost'), BigInt(costs[0]?.nano ?? -1))
  assert.ok(sum('cost') > 0n)
  assert.deepEqual(faults, [])
  await context.close()
})

// Finance compares a quarter with its budget, which would have other calls if it began at another moment.
test('quarters and fiscal years begin where those of the budgets do', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.clock.setFixedTime('2026-11-15T12:00:00Z')
  const months = page.waitForRequest(/\/usage\?.*tz=Europe%2FBerlin/)
  await page.goto(`${admin}/cost`)
  await months
  const periods = page.getByRole('group', { name: 'Whole periods (Europe/Berlin, fiscal year from 10-01)' })
  const ends = async (name: string): Promise<readonly (string | null)[]> => {
    const before = page.url()
    await periods.getByRole('button', { name, exact: true }).click()
    await page.waitForURL(url => url.href !== before)
    const { searchParams } = new URL(page.url())
    return [searchParams.get('from'), searchParams.get('to')]
  }
  assert.deepEqual(await ends('This quarter'), ['2026-09-30T22:00:00.000Z', '2026-12-31T23:00:00.000Z'])
  assert.deepEqual(await ends('Last quarter'), ['2026-06-30T22:00:00.000Z', '2026-09-30T22:00:00.000Z'])
  assert.deepEqual(await ends('This fiscal year'), ['2026-09-30T22:00:00.000Z', '2027-09-30T22:00:00.000Z'])
  assert.deepEqual(faults, [])
  await context.close()
})

test('provisioned capacity is compared with pay-as-you-go, and the lines together are all calls', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/cost?by=capacity`)
  await page.getByRole('row', { name: /pay-as-you-go/ }).waitFor()
  const calls = await page.getByRole('region', { name: 'Capacity' }).locator('tbody td:nth-child(3)').allTextContents()
  assert.equal(
    calls.reduce((sum, count) => sum + Number(count), 0),
    (await totals()).calls,
  )
  assert.deepEqual(faults, [])
  await context.close()
})

// What is printed goes to people who never see the console.
test('the printed report is the report alone, dark on white, and fits the paper', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'frank', dark: true, width: 718 })
  await page.goto(`${admin}/cost`)
  await page.getByRole('row', { name: /hr-bot/ }).waitFor()
  await page.emulateMedia({ media: 'print' })
  await page.getByRole('navigation').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Print' }).waitFor({ state: 'hidden' })
  const [background, width] = await page.evaluate<[string, number]>(
    '[getComputedStyle(document.body).backgroundColor, document.documentElement.scrollWidth]',
  )
  assert.deepEqual([background, width], ['rgb(255, 255, 255)', 718])
  assert.ok((await page.pdf({ format: 'A4' })).byteLength > 10_000)
  await context.close()
})

for (const dark of [false, true]) {
  test(`costs pass the checks of accessibility in the ${dark ? 'dark' : 'light'} theme`, async () => {
    const { page, context, faults } = await openConsole(browser, { admin, person: 'frank', dark })
    await page.goto(`${admin}/cost`)
    await page.getByRole('row', { name: /hr-bot/ }).waitFor()
    await assertAccessible(page)
    assert.deepEqual(faults, [])
    await context.close()
  })
}
