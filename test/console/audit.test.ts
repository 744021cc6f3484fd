/** The page of the audit trail, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertEveryLook } from '../support/looks.ts'
import { chatPath, startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

async function ask(path: string, person: string, reason?: string): Promise<Response> {
  const authorization = `Bearer ${await world.token(person)}`
  const why = reason === undefined ? {} : { 'x-gatehouse-reason': encodeURIComponent(reason) }
  return fetch(`${admin}${path}`, { headers: { authorization, ...why } })
}

const answered = await fetch(`${world.url}${chatPath}`, {
  method: 'POST',
  headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
  body: JSON.stringify({ messages: [{ role: 'user', content: 'How many days of leave are there?' }] }),
})
assert.equal(answered.status, 200, await answered.text())
const listed = (await (await ask('/api/v1/records?limit=1', 'carol')).json()) as { records: { id: string }[] }
const id = listed.records[0]?.id ?? ''
const hostile = '=HYPERLINK("http://evil.example") <img src=x onerror=boom()> \u202egnp'
assert.equal((await ask(`/api/v1/records/${id}/bodies`, 'carol', hostile)).status, 200)
assert.equal((await ask('/api/v1/limits', 'dave')).status, 403)

// The works council asks who has read what their people wrote, and why.
test('an auditor finds who read a conversation and why, by keyboard alone, and opens the record', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.keyboard.press('g')
  await page.keyboard.press('a')
  await page.getByRole('heading', { name: 'Audit', exact: true }).waitFor()
  await page.getByRole('row', { name: /dave.*Was refused.*role_missing/ }).waitFor()
  await page.getByRole('combobox', { name: 'Action' }).focus()
  await page.keyboard.type('Read a')
  const row = page.getByRole('row', { name: /carol.*Read a conversation.*Done/ })
  await row.waitFor()
  assert.equal(await page.getByRole('row').count(), 2, 'the head and one entry')
  assert.match((await row.textContent()) ?? '', /=HYPERLINK.*<img src=x onerror=boom\(\)>.*⟨U\+202E⟩gnp/)
  assert.match(page.url(), /action=bodies_read/)
  await row.getByTitle(`Open record ${id}`).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(`/records/${id}`))
  assert.deepEqual(faults, [])
  await context.close()
})

test('the chain is checked, the file has what the route says, and the page fits every look', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  await page.goto(`${admin}/audit?outcome=refused`)
  await page.getByRole('row', { name: /dave/ }).waitFor()
  await page.getByRole('button', { name: 'Check the chain' }).click()
  await page.getByText(/Whole: \d+ entries are as they were written/).waitFor()
  await page.getByRole('button', { name: 'Export' }).click()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /CSV/ }).click()])
  const text = await readFile(await file.path(), 'utf8')
  assert.match(text, /^seq,time,action/)
  assert.match(text, /,refused,refused,user:[^\n]*role_missing/)
  await page.getByRole('textbox', { name: 'Who' }).fill('nobody@contoso.example')
  await page.getByText('No entries').waitFor()
  await page.goto(`${admin}/audit`)
  await page.getByRole('row', { name: /dave/ }).first().waitFor()
  await assertEveryLook(page)
  assert.deepEqual(faults, [])
  await context.close()
})

test('whoever has no role for it learns which one it needs', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'bob' })
  await page.goto(`${admin}/audit`)
  await page.getByRole('link', { name: /Audit.*Needs the role auditor or admin/ }).waitFor()
  await page.getByText('You may not see this').waitFor()
  await context.close()
})
