/** Explaining calls, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertFits } from '../support/looks.ts'
import { recordOf } from '../support/records.ts'
import { startWorld } from '../support/world.ts'

const world = await startWorld({ after }, { fromFile: true, parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''
const url = '/main/hr-bot/openai/v1/chat/completions'

/** What the gateway answers to bob, who is not bound to the workload. */
async function refused(): Promise<{ readonly message: string; readonly id: string }> {
  const response = await fetch(`${world.url}${url}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('bob')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  const { error } = (await response.json()) as { readonly error: { readonly message: string } }
  const record = await recordOf(world.house.ledger, response.headers.get('x-gatehouse-request-id') ?? '')
  return { message: error.message, id: record.id }
}

/** In both themes, on a wide and on a narrow screen: accessible, and no wider than the screen. */
async function assertReadable(page: Page): Promise<void> {
  for (const width of [390, 1_440]) {
    await page.setViewportSize({ width, height: 900 })
    await assertFits(page)
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      await assertAccessible(page)
    }
  }
}

// Whoever is asked "why was I refused" has the answer of the gateway, the rule, and nothing to guess.
test('the way from a refused record to its reason is one link, and the reason is what the caller was told', async () => {
  const { message, id } = await refused()
  // What the caller may use instead depends on groups, which no record has.
  const reason = message.split(' You may call as')[0] ?? ''
  const { page, faults, context } = await openConsole(browser, { admin, person: 'erin' })
  await page.goto(`${admin}/explain?record=${id}`)
  await page.getByRole('heading', { name: 'Refused: 403 caller_not_bound' }).waitFor()
  assert.ok((await page.getByRole('status').filter({ hasText: reason }).count()) === 1, message)
  const steps = page.getByRole('list', { name: 'Stages of the call' })
  assert.deepEqual(await steps.getByRole('heading').allInnerTexts(), ['Address', 'Caller', 'Permission'])
  await steps.getByText('workloads.hr-bot.callers').waitFor()
  await page.getByText('A record holds no groups').waitFor()
  await assertReadable(page)
  await page.getByRole('link', { name: /^Record / }).click()
  await page.waitForURL(`**/records/${id}**`)
  assert.deepEqual(faults, [])
  await context.close()
})

test('a call is explained by the keyboard alone, and its address shows the same explanation again', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'erin' })
  await page.goto(admin)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('e')
  await page.getByText('Say who calls what').waitFor()
  await page.getByRole('button', { name: 'As me' }).focus()
  await page.keyboard.press('Space')
  await page.getByRole('combobox', { name: 'Caller' }).focus()
  const { tenantId, objectId } = await callerOf('alice')
  await page.keyboard.insertText(`user:${tenantId}/${objectId}`)
  await page.keyboard.press('Tab')
  await page.getByRole('combobox', { name: 'Groups' }).focus()
  const [group] = groupsOf()
  await page.keyboard.insertText(group)
  await page.keyboard.press('Enter')
  await page.getByRole('combobox', { name: 'Address' }).focus()
  await page.keyboard.insertText(url)
  await page.getByRole('combobox', { name: 'Model' }).focus()
  await page.keyboard.type('gpt-4o')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Allowed' }).waitFor()
  await page.getByText('workloads.hr-bot.callers[0]').waitFor()
  await page.getByText(/Goes to one of dev-openai-instance-1, dev-openai-instance-2/).waitFor()
  await assertReadable(page)
  const second = await context.newPage()
  await second.goto(page.url())
  await second.getByRole('heading', { name: 'Allowed' }).waitFor()
  assert.equal(await second.getByRole('combobox', { name: 'Model' }).inputValue(), 'gpt-4o')
  assert.deepEqual(faults, [])
  await context.close()
})

function groupsOf(): readonly [string] {
  const [rule] = world.config.workloads['hr-bot']?.callers ?? []
  assert.ok(rule !== undefined && 'group' in rule)
  return [rule.group]
}

async function callerOf(person: string): Promise<{ readonly tenantId: string; readonly objectId: string }> {
  const response = await fetch(`${admin}/api/v1/whoami`, {
    headers: { authorization: `Bearer ${await world.token(person)}` },
  })
  const { caller } = (await response.json()) as { caller: { tenantId: string; objectId: string } }
  return caller
}

test('without a role the page says which one it needs, and a developer learns nothing of other workloads', async () => {
  const nobody = await openConsole(browser, { admin, person: 'dave' })
  await nobody.page.goto(`${admin}/explain?url=${url}&caller=self`)
  await nobody.page.getByText(/needs the role viewer or developer/).waitFor()
  await nobody.context.close()
  const developer = await openConsole(browser, { admin, person: 'alice' })
  const asked = `url=/main/code-assistant/openai/v1/models&method=GET`
  await developer.page.goto(`${admin}/explain?${asked}&caller=self`)
  await developer.page.getByRole('heading', { name: 'Refused: 403 caller_not_bound' }).waitFor()
  const { tenantId, objectId } = await callerOf('bob')
  await developer.page.goto(`${admin}/explain?${asked}&caller=user:${tenantId}/${objectId}`)
  await developer.page.getByText('You may not see this').waitFor()
  await developer.context.close()
})

// Whoever tightens a rule sees here whom it shuts out, before it is in force.
test('a configuration is tried against the latest calls, and each call that it would refuse leads to its record', async () => {
  const response = await fetch(`${world.url}${url}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 5 }),
  })
  assert.equal(response.status, 200, await response.text())
  const { id } = await recordOf(world.house.ledger, response.headers.get('x-gatehouse-request-id') ?? '')
  const { page, faults, context } = await openConsole(browser, { admin, person: 'erin' })
  await page.goto(`${admin}/explain?part=try`)
  const editor = page.getByRole('textbox', { name: 'Configuration to try' })
  await editor.getByText('gateway').first().waitFor()
  await page.getByRole('button', { name: 'Try it' }).click()
  await page.getByText(/^Nothing changes for \d+ calls\.$/).waitFor()

  await editor.focus()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('nothing: 1\n')
  await page.keyboard.press('Control+Enter')
  await page.getByText('It has 1 problem, so nothing was tried').waitFor()

  // As the page of the configuration hands over what somebody edits there.
  const text = await readFile(join(world.directory, 'gatehouse.yaml'), 'utf8')
  const tighter = text.replace(/(hr-bot:[\s\S]*?deployments:\s*\n\s*- gpt-4o\n)\s*- gpt-4o-mini\n/, '$1')
  assert.notEqual(tighter, text)
  await page.evaluate(`sessionStorage.setItem('gatehouse-try', ${JSON.stringify(tighter)})`)
  await page.goto(`${admin}/explain?part=try`)
  await editor.getByText('gateway').first().waitFor()
  await page.getByRole('button', { name: 'Try it' }).click()
  const refused = page.getByRole('region', { name: 'Would be refused now: 1', exact: true })
  await refused.getByText(/may not use deployment "gpt-4o-mini"/).waitFor()
  await assertReadable(page)
  await refused.getByRole('link').first().click()
  await page.waitForURL(`**/records/${id}**`)
  assert.deepEqual(faults, [])
  await context.close()
})

test('who does not operate the gateway cannot try a configuration, and is told why', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.goto(`${admin}/explain?part=try`)
  await page.getByText('Needs the role operator.').waitFor()
  await context.close()
})
