/** The page of queries, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertEveryLook } from '../support/looks.ts'
import { startWorld } from '../support/world.ts'

const hostile = '=HYPERLINK("http://evil.example")<img src=x onerror=boom()>'
const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

await ask('alice', 'one/1')
await ask('alice', 'two/2')
await ask('alice', hostile)

async function ask(person: string, agent: string): Promise<void> {
  const response = await fetch(`${world.url}/main/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await world.token(person)}`,
      ...{ 'content-type': 'application/json', 'user-agent': agent },
    },
    body: JSON.stringify({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'How many days of leave are there?' }],
    }),
  })
  assert.equal(response.status, 200, await response.text())
}

const result = (page: Page) => page.getByRole('region', { name: 'Result' }).first()
const editor = (page: Page) => page.getByRole('textbox', { name: 'SQL' })
const link = (sql: string): string => `${admin}/query?sql=${encodeURIComponent(sql)}`

async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run', exact: true }).click()
}

interface Totals {
  readonly total: { readonly calls: number; readonly costs: readonly { readonly nano: number }[] }
}

async function totals(): Promise<Totals['total']> {
  const headers = { authorization: `Bearer ${await world.token('frank')}` }
  const response = await fetch(`${admin}/api/v1/usage?by=workload`, { headers })
  return ((await response.json()) as Totals).total
}

// Who opens a link must see what they are about to run, and what they get must be the ledger's own figures.
test('a link is shown before it runs; its result is that of the ledger, as a table, a chart and a file', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  const requests: string[] = []
  page.on('request', request => void requests.push(`${request.method()} ${new URL(request.url()).pathname}`))
  await page.goto(
    link(
      'SELECT user_agent || chr(8238) AS agent, sum(calls) AS calls, sum(cost_nano) AS nano FROM records GROUP BY ALL',
    ),
  )
  await page.getByText('This query came with a link.').waitFor()
  assert.ok(!requests.includes('POST /api/v1/query'), 'nothing ran by itself')
  await run(page)
  await result(page).getByText('3 rows, 3 columns').waitFor()
  await result(page).getByText('⟨U+202E⟩').first().waitFor()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download CSV' }).click()
  const rows = (await readFile(await (await downloading).path(), 'utf8')).trimEnd().split('\r\n').slice(1)
  const sum = (column: number): number => rows.reduce((all, row) => all + Number(row.split(',').at(column) ?? 0), 0)
  const { calls, costs } = await totals()
  assert.deepEqual([sum(-2), sum(-1)], [calls, costs[0]?.nano])
  assert.ok(
    rows.some(row => row.startsWith(`"'=HYPERLINK(""http`)),
    'a spreadsheet runs nothing of it',
  )
  await page.getByText('Chart', { exact: true }).click()
  await page.getByRole('list', { name: 'calls by agent' }).waitFor()
  await assertEveryLook(page)
  assert.deepEqual(faults, [], 'a hostile user agent does nothing')
  await context.close()
})

test('by keyboard alone: write, run, go to the fault, mend it, save, and find it again', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}/query`)
  await page.getByText('You see the records of your workloads: hr-bot').waitFor()
  await editor(page).focus()
  await page.keyboard.type('SELECT count(*) AS mine,\n  nope FROM records')
  await page.keyboard.press('Control+Enter')
  await page.getByText('Line 2, column 3').waitFor()
  await assertAccessible(page)
  await page.getByRole('button', { name: 'Go there' }).focus()
  await page.keyboard.press('Enter')
  for (let letter = 0; letter < 4; letter += 1) await page.keyboard.press('Delete')
  await page.keyboard.type('1 AS one')
  await page.keyboard.press('Control+Enter')
  await result(page).getByText('1 row, 2 columns').waitFor()
  assert.equal(await result(page).getByRole('cell').first().textContent(), '3')
  await page.getByRole('button', { name: 'Save', exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.locator('input[maxlength]:focus').waitFor()
  await page.keyboard.type('How many')
  await page.keyboard.press('Enter')
  await page.getByRole('textbox', { name: 'Name of the query' }).waitFor({ state: 'hidden' })
  await page.getByRole('radio', { name: 'Saved' }).press('Space')
  await page.getByRole('button', { name: /^How many/ }).waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('a query that runs long is cancelled, and a column of the schema is inserted', async () => {
  const { page, context, faults } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(link('WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT count(*) FROM t'))
  await page.getByText('This query came with a link.').waitFor()
  await run(page)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('No result yet').waitFor()
  await page.getByRole('button', { name: 'Bodies. Needs the role auditor.' }).waitFor()
  await page.getByRole('textbox', { name: 'Find a column' }).fill('first byte')
  await page.getByRole('button', { name: /^time_to_first_byte_ms/ }).click()
  await page.getByText('Examples', { exact: true }).click()
  await page.getByRole('button', { name: /^Slowest models/ }).click()
  await run(page)
  await result(page)
    .getByRole('columnheader', { name: /p95_ms/ })
    .first()
    .waitFor()
  await assertEveryLook(page)
  assert.deepEqual(faults, [])
  await context.close()
})

test('an auditor queries the bodies of a day with a reason, and nobody else can', async () => {
  const { page, context, faults } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${link("SELECT answer LIKE '%leave%' AS said, request FROM bodies")}&workload=hr-bot`)
  await page.getByText('This query came with a link.').waitFor()
  await page.getByRole('button', { name: 'Bodies', exact: true }).click()
  await page.getByRole('textbox', { name: /Why do you read it/ }).fill('A question of the works council')
  await page.getByRole('button', { name: 'Query with bodies' }).click()
  await run(page)
  await result(page).getByText('Bodies of 3 of 3 records of the day').waitFor()
  await result(page).getByText('How many days of leave are there?').first().waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

test('without a role the page says which one it needs', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'dave' })
  await page.goto(`${admin}/query`)
  await page.getByText('This needs the role viewer or developer').waitFor()
  await context.close()
})
