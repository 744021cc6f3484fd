/** Who called, and what each person of the demonstration may see, in a real browser on a real gateway. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { run } from '../../packages/gateway/src/cli/run.fixture.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { assertEveryLook } from '../support/looks.ts'
import { startWorld } from '../support/world.ts'

const dave = demoDirectory.people.find(({ name }) => name === 'dave')
assert.ok(dave)
const mallory = {
  ...dave,
  name: 'mallory',
  objectId: dave.objectId.replace('da7e', '3a11'),
  userPrincipalName: '<img src=x onerror=boom()>\u202e@contoso.example',
}
const world = await startWorld(
  { after },
  {
    tenant: { ...demoDirectory, people: [...demoDirectory.people, mallory] },
    parts: { consoleDirectory: builtConsole },
  },
)
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

for (const person of ['alice', 'alice', 'carol', 'dave', 'mallory']) await ask('hr-bot', person)
await ask('code-assistant', 'bob')
await ask('expert-finder', 'expert-finder-app')

/** What comes of it does not matter here: each call leaves a record. */
async function ask(workload: string, caller: string): Promise<void> {
  const response = await fetch(`${world.url}/main/${workload}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token(caller)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'How many days are there?' }] }),
  })
  await response.text()
}

interface Line {
  readonly keys: readonly string[]
  readonly calls: number
  readonly refused: number
  readonly totalTokens: number
}

// Finance charges departments by this list: it must say what the command line says.
test('everybody who called is there, with the figures that gatehouse usage has', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  const { out, code } = await run(['usage', '--by', 'caller', '--from', '1d', '--format', 'json'], {
    ...{ admin, nowMs: Date.now() },
    token: () => world.token('frank'),
  })
  assert.equal(code, 0)
  const { lines } = JSON.parse(out) as { readonly lines: readonly Line[] }
  assert.equal(lines.length, 6)
  await page.goto(`${admin}/people`)
  const table = page.getByRole('region', { name: 'Callers and what they used in the period' })
  await page.getByText('6 of 6').waitFor()
  for (const { keys, calls, refused, totalTokens } of lines) {
    const shown = (keys[0] ?? '').replace('\u202e', '⟨U+202E⟩')
    const cells = await table
      .getByRole('row')
      .filter({ has: page.getByRole('link', { name: shown, exact: true }) })
      .getByRole('cell')
      .allTextContents()
    assert.deepEqual([cells[2], cells[3], cells[6]].map(Number), [calls, totalTokens, refused], shown)
  }
  await assertEveryLook(page)
  assert.deepEqual(faults, [])
  await context.close()
})

test('a caller is found by the keyboard, the address keeps the search, and leads to the records', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'frank' })
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('u')
  await page.getByText('6 of 6').waitFor()
  await page.getByRole('textbox', { name: 'Search' }).focus()
  await page.keyboard.type('FINDER')
  await page.waitForURL(/search=FINDER/)
  await page.getByText('1 of 1').waitFor()
  await page.reload()
  const row = page.getByRole('row', { name: /expert-finder-app/ })
  await row.getByText('application', { exact: true }).waitFor()
  await row.getByRole('link', { name: 'expert-finder-app' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Records', exact: true }).waitFor()
  await page.waitForURL(/caller=app/)
  await page.goto(`${admin}/people?search=${encodeURIComponent('<b>nobody</b>')}`)
  await page.getByText('No caller matches').waitFor()
  assert.deepEqual(faults, [])
  await context.close()
})

/** By page: the people of the demonstration for whom it opens. For everybody else it is disabled, with the reason. */
const opensFor: Readonly<Record<string, readonly string[]>> = {
  Overview: ['alice', 'bob', 'carol', 'erin', 'frank'],
  Records: ['alice', 'bob', 'carol', 'erin', 'frank'],
  Workloads: ['alice', 'bob', 'carol', 'erin', 'frank'],
  Instances: ['bob', 'carol', 'erin', 'frank'],
  Limits: ['bob', 'carol', 'erin', 'frank'],
  Cost: ['alice', 'bob', 'carol', 'erin', 'frank'],
  People: ['alice', 'bob', 'carol', 'erin', 'frank'],
  Configuration: ['bob', 'carol', 'erin'],
  Query: ['alice', 'bob', 'carol', 'erin', 'frank'],
  Audit: ['carol', 'erin'],
  Feeds: ['bob', 'carol', 'erin', 'frank'],
  Playground: ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'],
  'My use': ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'],
  Explain: ['alice', 'bob', 'carol', 'erin', 'frank'],
  About: ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'],
}

for (const person of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']) {
  test(`${person} sees just the pages that their role allows`, async () => {
    const { page, faults, context } = await openConsole(browser, { admin, person })
    const navigation = page.getByRole('navigation', { name: 'Pages' })
    assert.equal(await navigation.getByRole('link').count(), Object.keys(opensFor).length, 'a page has no row here')
    const closed: string[] = []
    for (const [title, people] of Object.entries(opensFor)) {
      const opened = navigation.getByRole('link', { name: title, exact: true })
      const disabled = navigation.getByRole('link', { name: new RegExp(`^${title}\\. Needs the role \\w+`) })
      assert.equal(await opened.count(), people.includes(person) ? 1 : 0, title)
      assert.equal(await disabled.count(), people.includes(person) ? 0 : 1, title)
      if (!people.includes(person)) closed.push(title.toLowerCase())
    }
    // The address of a page that is disabled says the same.
    for (const path of closed.slice(0, 2)) {
      await page.goto(`${admin}/${path === 'overview' ? 'cost' : path}`)
      await page
        .getByText(/This needs the role \w+/)
        .first()
        .waitFor()
    }
    assert.deepEqual(faults, [])
    await context.close()
  })
}
