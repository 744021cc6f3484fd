/** The playground in a real browser: on a simulated instance, and on one whose answers the test writes word by word. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, test } from 'node:test'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { assertAccessible } from '../support/accessible.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertFits } from '../support/looks.ts'
import { settledRecords } from '../support/records.ts'
import { startUpstream } from '../support/upstream.ts'

const idOfDave = demoDirectory.people.find(({ name }) => name === 'dave')?.objectId ?? ''

/** Instance 1 is the test's own, instance 2 a simulated one. */
const { world, backend } = await startUpstream(
  { after },
  {
    change: config => {
      const { 'code-assistant': code, 'hr-bot': hr } = config.workloads
      assert.ok(code && hr)
      const workloads = {
        'code-assistant': { ...code, output: { most: 100 } },
        'hr-bot': { ...hr, callers: [...hr.callers, { user: idOfDave }] },
      }
      // A call ends at the instance as soon as nobody reads it.
      const gateway = { ...config.gateway, timeouts: { readOn: '0s' } }
      return { ...config, gateway, workloads: { ...config.workloads, ...workloads } }
    },
    parts: { consoleDirectory: builtConsole },
  },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''
const scripted = '/playground?workload=hr-bot&target=dev-openai-instance-1'
const simulated = '/playground?workload=hr-bot&target=dev-openai-instance-2'

const eventOf = (members: object): string => `data: ${JSON.stringify({ id: 'c', model: 'gpt-4o', ...members })}\n\n`
const words = (content: string): string => eventOf({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
const end = `${eventOf({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}${eventOf({ choices: [], usage })}data: [DONE]\n\n`

/** The next answer of instance 1: it has begun, and the test writes what it says. */
function answering(): Promise<ServerResponse> {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  backend.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    resolve(response)
  }
  return promise
}

const questionIn = (page: Page): Locator => page.getByRole('textbox', { name: 'Question' })

async function ask(page: Page, question: string): Promise<void> {
  await questionIn(page).fill(question)
  await questionIn(page).press('Enter')
}

async function newest(): Promise<RecordRow> {
  const [record] = await settledRecords(world.house)
  return record ?? assert.fail('there is no record')
}

async function close(context: BrowserContext, faults: readonly string[]): Promise<void> {
  assert.deepEqual(faults, [])
  await context.close()
}

// Reading along is what a playground is for, and whoever uses it must see what it costs.
test('by keyboard alone a question is asked, its answer is read as it streams, and its figures are those of the record', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}${scripted.replace('/playground', '/me')}`)
  await page.getByRole('heading', { level: 1, name: 'My use' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await page.getByRole('heading', { level: 1, name: 'Playground' }).waitFor()
  await page.goto(`${admin}${scripted}`)
  const focused = questionIn(page).and(page.locator(':focus'))
  await questionIn(page).waitFor()
  for (let steps = 0; steps < 60 && (await focused.count()) === 0; steps += 1) await page.keyboard.press('Tab')
  const began = answering()
  await page.keyboard.type('How are u?')
  for (let back = 0; back < 2; back += 1) await page.keyboard.press('ArrowLeft')
  await page.keyboard.type('yo')
  assert.equal(await questionIn(page).inputValue(), 'How are you?')
  await page.keyboard.press('Enter')
  const response = await began
  const log = page.getByRole('log')
  response.write(words('First '))
  await log.getByText('First', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  response.write(words('and **second**'))
  await log.locator('strong', { hasText: 'second' }).waitFor()
  response.end(end)
  await log.getByText('12 → 3 tokens').waitFor()
  const record = await newest()
  assert.deepEqual([record.usage.promptTokens, record.usage.completionTokens, record.outcome], [12, 3, 'completed'])
  assert.ok(record.cost)
  await log.getByTitle(`${(record.cost.nano / 1e9).toFixed(9)} ${record.cost.currency}`).waitFor()
  await page.reload()
  await log.getByText('First and').waitFor()
  await log.getByRole('link', { name: 'Record' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(record.id))
  await close(context, faults)
})

test('stopping ends the call at the instance', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}${scripted}`)
  const began = answering()
  await ask(page, 'Tell a long story')
  const response = await began
  const ended = Promise.withResolvers<void>()
  response.on('close', () => ended.resolve())
  response.write(words('Once upon a time'))
  await page.getByText('Once upon a time').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('Stopped').waitFor()
  // The test never ends the answer, so it is the gateway that does.
  await ended.promise
  assert.equal((await newest()).outcome, 'aborted')
  await close(context, faults)
})

// A model says what a web page told it to say.
test('what a model says stays text, and a stream that breaks off says so', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  const ran: string[] = []
  await context.exposeFunction('boom', () => void ran.push(page.url()))
  await page.goto(`${admin}${scripted}&deployment=${encodeURIComponent('<img src=x onerror=boom()>')}`)
  await page.getByText('You may not use <img src=x onerror=boom()> here').waitFor()
  const began = answering()
  await ask(page, '<img src=x onerror=boom()> [x](javascript:boom())')
  const response = await began
  const attacks = [
    '<script>boom()</script><img src=x onerror=boom()>\n\n',
    '![p](http://evil.example/p.png) [bank](http://evil.example/) [x](javascript:boom())\n\n',
    '\u202egnp.exe\u202c',
  ]
  for (const attack of attacks) response.write(words(attack))
  const call = { index: 0, id: '<b>', function: { name: '<img src=x onerror=boom()>', arguments: '{"a":"<script>"}' } }
  response.write(eventOf({ choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }] }))
  await page.getByText('calls <img src=x onerror=boom()>').first().waitFor()
  await page.getByText('⟨U+202E⟩gnp.exe').waitFor()
  response.destroy()
  await page
    .getByRole('alert')
    .getByText(/backend_cut|The answer broke off|The call failed/)
    .first()
    .waitFor()
  assert.equal(
    await page
      .getByRole('log')
      .getByRole('link', { name: /evil|bank|x/ })
      .count(),
    0,
  )
  assert.deepEqual(ran, [])
  await close(context, faults)
})

test('a tool that the model calls is shown, its result is typed in, and the conversation goes on', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  for (const api of ['chat/completions', 'responses']) {
    world.two.clearBill()
    await page.goto(`${admin}${simulated}&api=${api}`)
    await questionIn(page).waitFor()
    const begin = page.getByRole('button', { name: 'New conversation' })
    if (await begin.isEnabled()) await begin.click()
    const example = page.getByRole('button', { name: 'Insert an example' })
    if ((await example.count()) > 0) await example.click()
    await ask(page, 'What is the weather in Oslo?')
    await page.getByText('calls get_weather').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled(), true)
    await page.getByLabel('Result of get_weather').fill('{"temperature": 4, "rain": true}')
    await page.getByRole('button', { name: 'Send results' }).click()
    await page.getByRole('log').getByRole('link', { name: 'Record' }).nth(1).waitFor()
    const records = (await settledRecords(world.house)).slice(0, 2)
    assert.deepEqual(
      records.map(({ operation, usage: { promptTokens, completionTokens } }) => [
        operation,
        promptTokens,
        completionTokens,
      ]),
      world.two
        .bill()
        .toReversed()
        .map(({ promptTokens, completionTokens }) => [api, promptTokens, completionTokens]),
    )
  }
  await close(context, faults)
})

test('an answer has the form of a schema, to a question with an image, of two models beside each other', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}${simulated}&format=json_schema&temperature=0.3`)
  await page.getByText('JSON schema: Write a schema, or choose another format.').waitFor()
  await page.getByRole('button', { name: 'Insert an example' }).first().click()
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.locator('input[type=file]').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: dot })
  await page.getByRole('img', { name: 'Image 1' }).waitFor()
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'x.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') })
  await page.getByText('Images are PNG, JPEG, WebP or GIF.').waitFor()
  await ask(page, 'Summarise the parental leave policy')
  for (const model of ['gpt-4o', 'gpt-4o-mini']) {
    const side = page.getByRole('log', { name: `Conversation with ${model}`, exact: true })
    await side.getByRole('link', { name: 'Record' }).waitFor()
    const answer = await side.getByRole('region', { name: /Conversation with/ }).textContent()
    assert.deepEqual(Object.keys(JSON.parse(answer ?? '') as object), ['summary', 'topics'])
    assert.equal(await side.getByRole('img', { name: 'Image 1' }).count(), 1)
  }
  const records = (await settledRecords(world.house)).slice(0, 2)
  assert.deepEqual(records.map(({ deployment }) => deployment).sort(), ['gpt-4o', 'gpt-4o-mini'])
  const bodies = await world.house.ledger.bodies(records[0]?.id ?? '')
  assert.match(String(Buffer.from(bodies?.request ?? [])), /data:image\/png;base64,.*"temperature":0.3/)
  await close(context, faults)
})

const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** What an answer cost, beneath it. */
const spent = /→ \d+ tokens$/

test('a refusal is shown in the words of the gateway, with its record', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'bob' })
  await page.goto(`${admin}/playground?workload=code-assistant&target=dev-openai-instance-2&tokensMax=500`)
  await ask(page, 'Write a function')
  const alert = page.getByRole('alert')
  await alert.getByText('The gateway refused this call').waitFor()
  await alert.getByText('maximum_too_large').waitFor()
  const record = await newest()
  assert.deepEqual([record.outcome, record.outcomeCode], ['refused', 'maximum_too_large'])
  const explain = alert.getByRole('link', { name: 'Explain' })
  assert.match((await explain.getAttribute('href')) ?? '', new RegExp(`/explain\\?.*record=${record.id}`))
  await page.getByLabel('Most tokens of an answer').fill('50')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('log').getByText(spent).waitFor()
  assert.equal((await newest()).outcome, 'completed')
  await close(context, faults)
})

// The conversation of an hour must not be lost because a session ends.
test('a session that ends midway keeps the conversation, and says how to go on', async () => {
  const { page, context } = await openConsole(browser, { admin, person: 'alice' })
  await page.goto(`${admin}${simulated}`)
  await ask(page, 'What is a mutex?')
  await page.getByRole('log').getByText(spent).waitFor()
  await context.clearCookies()
  await ask(page, 'And a semaphore?')
  await page.getByText('Your session has ended').first().waitFor()
  assert.equal(await page.getByRole('log').getByText('What is a mutex?').count(), 1)
  const opening = context.waitForEvent('page')
  await page.getByRole('link', { name: 'Sign in in another tab' }).click()
  const other = await opening
  await other.locator('button[name=person][value="alice"]').click()
  await other.getByRole('button', { name: /^Signed in as/ }).waitFor()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('log').getByText(spent).nth(1).waitFor()
  await context.close()
})

test('a recorded call goes on here, and who may call as no workload sees who grants that', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'alice' })
  const asked = {
    model: 'gpt-4o',
    temperature: 0.4,
    messages: [
      { role: 'system', content: 'Be kind' },
      { role: 'user', content: 'What is a heap?' },
    ],
  }
  const answer = await fetch(`${world.url}/dev-openai-instance-2/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  })
  await answer.arrayBuffer()
  await page.goto(`${admin}/playground?record=${(await newest()).id}`)
  await page.getByRole('button', { name: 'Go on with it here' }).click()
  assert.equal(await questionIn(page).inputValue(), 'What is a heap?')
  assert.equal(await page.getByLabel('System prompt').first().inputValue(), 'Be kind')
  assert.match(page.url(), /temperature=0\.4/)
  await page.getByRole('button', { name: 'Code', exact: true }).click()
  const program = await page.getByRole('dialog').locator('pre').textContent()
  assert.match(program ?? '', /\/dev-openai-instance-2\/hr-bot\/openai\/v1\/chat\/completions[\s\S]*What is a heap/)
  await assertAccessible(page)
  await close(context, faults)

  const frank = await openConsole(browser, { admin, person: 'frank' })
  await frank.page.goto(`${admin}/playground`)
  await frank.page.getByText('No workload lists you as a caller').waitFor()
  await assertAccessible(frank.page)
  await close(frank.context, frank.faults)
})

// Most people who try a model have no role in the console.
test('a person without a role talks with a model, sees what it cost, and why the record does not open', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'dave' })
  await page.goto(`${admin}/playground?target=dev-openai-instance-2`)
  await ask(page, 'What is a queue?')
  const log = page.getByRole('log')
  await log.getByText(spent).waitFor()
  const { cost } = await newest()
  assert.ok(cost)
  await log.getByTitle(`${(cost.nano / 1e9).toFixed(9)} ${cost.currency}`).waitFor()
  await log.getByRole('link', { name: /Opening it needs the role viewer or developer/ }).waitFor()
  await close(context, faults)
})

for (const dark of [false, true]) {
  test(`the playground passes the checks of accessibility in the ${dark ? 'dark' : 'light'} theme, wide and narrow`, async () => {
    const { page, context, faults } = await openConsole(browser, { admin, person: 'alice', dark })
    await page.goto(`${admin}${simulated}&other=gpt-4o-mini`)
    await ask(page, 'What is a mutex?')
    await page.getByRole('log').getByText(spent).nth(1).waitFor()
    await assertAccessible(page)
    await page.setViewportSize({ width: 390, height: 844 })
    await page.getByRole('button', { name: 'Settings' }).click()
    await assertAccessible(page)
    await assertFits(page)
    await close(context, faults)
  })
}
