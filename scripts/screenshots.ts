/**
 * Pictures of every page of the console, from a demonstration with a month of history: in light and dark, at 1440 and
 * 390 px.
 *   npm run screenshots -- DIRECTORY [PAGE...]   without pages: all; as `overview`, `record`
 * The demonstration's ledger is kept in node_modules/.cache, so that only the first run writes its history.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { startDemo } from '../packages/gateway/src/demo/index.ts'
import { openConsole, startBrowser } from '../test/support/console.ts'

const root = dirname(import.meta.dirname)

interface Picture {
  readonly name: string
  /** Its address; `ID` is that of a call which was answered. */
  readonly path: string
  /** Who looks; by default carol, who may see the most. */
  readonly person?: string
  /** Brings the page into the state of the picture; by default it is as it opens. */
  readonly prepare?: (page: Page) => Promise<void>
}

const chatPath = '/main/hr-bot/openai/v1/chat/completions'

const pictures: readonly Picture[] = [
  { name: 'overview', path: '/?period=30d' },
  { name: 'overview-table', path: '/?period=7d&by=caller', prepare: showTable },
  { name: 'records', path: '/records?period=7d' },
  { name: 'records-refused', path: '/records?period=30d&outcome=refused' },
  { name: 'records-search', path: '/records?period=7d&workload=hr-bot&text=leave', prepare: search },
  { name: 'records-views', path: '/records?period=7d&outcome=failed&durationOverMs=500', prepare: showViews },
  { name: 'records-none', path: '/records?period=1h&workload=nobody' },
  { name: 'record', path: '/records/ID' },
  { name: 'record-conversation', path: '/records/ID', prepare: readBodies },
  { name: 'record-again', path: '/records/ID?view=again', prepare: readBodies },
  { name: 'record-compare', path: '/records/ID?view=compare', prepare: compare },
  { name: 'record-raw', path: '/records/ID?view=raw', prepare: readBodies },
  { name: 'record-facts', path: '/records/ID?view=facts' },
  { name: 'instances', path: '/instances?period=7d' },
  { name: 'limits', path: '/limits' },
  { name: 'limits-rule', path: '/limits?rule=hr-bot' },
  { name: 'cost', path: '/cost?period=30d' },
  { name: 'cost-capacity', path: '/cost?period=30d&by=capacity' },
  { name: 'cost-printed', path: '/cost?period=30d', prepare: page => page.emulateMedia({ media: 'print' }) },
  { name: 'query', path: '/query?period=30d&side=examples', prepare: page => runExample(page, 'Largest calls') },
  { name: 'query-chart', path: '/query?period=30d&side=examples&view=chart', prepare: runDaily },
  { name: 'query-fault', path: '/query?sql=SELECT%20workload%2C%0A%20%20token%0AFROM%20records', prepare: runQuery },
  { name: 'query-bodies', path: '/query?workload=hr-bot&sql=SELECT%20request%20FROM%20bodies', prepare: openBodies },
  { name: 'feeds', path: '/feeds' },
  { name: 'explain', path: `/explain?model=gpt-4o&caller=self&url=${chatPath}`, person: 'erin' },
  { name: 'explain-record', path: '/explain?record=ID' },
  { name: 'palette', path: '/records?period=7d', prepare: page => page.keyboard.press('Control+k') },
  {
    name: 'person',
    path: '/records?period=7d',
    prepare: page => page.getByRole('button', { name: /Signed in/ }).click(),
  },
  { name: 'playground', path: '/playground?workload=hr-bot', person: 'alice', prepare: talk },
  {
    name: 'playground-compare',
    path: '/playground?workload=hr-bot&other=gpt-4o-mini&format=json_schema',
    person: 'alice',
    prepare: talk,
  },
  { name: 'playground-nobody', path: '/playground', person: 'dave' },
  { name: 'about', path: '/about' },
  { name: 'people', path: '/people?period=30d' },
  { name: 'workloads', path: '/workloads?period=30d' },
  { name: 'workload', path: '/workloads/hr-bot?period=30d' },
  { name: 'configuration', path: '/configuration', person: 'erin' },
  { name: 'configuration-edit', path: '/configuration?view=edit', person: 'erin', prepare: editConfiguration },
  { name: 'configuration-history', path: '/configuration?view=history&version=1', person: 'erin' },
  { name: 'audit', path: '/audit', person: 'carol' },
  { name: 'me', path: '/me?period=30d', person: 'alice' },
  { name: 'me-without-a-role', path: '/me', person: 'dave' },
]

const looks = [
  { name: 'light-1440', width: 1_440, height: 900, dark: false },
  { name: 'dark-1440', width: 1_440, height: 900, dark: true },
  { name: 'light-390', width: 390, height: 844, dark: false },
  { name: 'dark-390', width: 390, height: 844, dark: true },
] as const

async function showTable(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /show as table/ })
    .first()
    .click()
}

async function editConfiguration(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Text of the configuration' }).click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('objects: { remember: 7d, colour: red }')
  await page.keyboard.press('Control+Enter')
  await page.getByText(/It has 1 problem/).waitFor()
}

async function compare(page: Page): Promise<void> {
  await page.getByRole('button', { name: /call before by the same caller/ }).click()
  for (let bodies = 0; bodies < 2; bodies += 1) {
    await page
      .getByRole('textbox', { name: /Why do you read it/ })
      .or(page.getByRole('region', { name: 'Request, side by side' }))
      .first()
      .waitFor()
    await readBodies(page)
  }
  await page
    .getByRole('region', { name: /side by side/ })
    .first()
    .waitFor()
}

async function showViews(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Views/ }).click()
}

async function runExample(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click()
  await runQuery(page)
}

async function runDaily(page: Page): Promise<void> {
  await runExample(page, 'Cost by day and model')
}

async function openBodies(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Bodies', exact: true }).click()
}

async function runQuery(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page
    .getByText(/^\d+ rows?, |^Line \d+/)
    .first()
    .waitFor()
}

async function search(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: /Why do you read it/ }).fill('A question of the works council')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await page.getByText(/records of the day were searched/).waitFor()
}

/** A question and its answer. */
async function talk(page: Page): Promise<void> {
  // On a small screen the settings are folded.
  const settings = page.getByRole('button', { name: 'Settings', exact: true })
  if (await settings.isVisible()) await settings.click()
  const example = page.getByRole('button', { name: 'Insert an example' }).and(page.locator(':visible')).first()
  if (page.url().includes('json_schema') && (await example.isVisible())) await example.click()
  if (await settings.isVisible()) await settings.click()
  await page.getByRole('textbox', { name: 'Question' }).fill('How many days of parental leave are there in Sweden?')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Send', exact: true }).waitFor()
  await page.getByRole('link', { name: 'Record', exact: true }).first().waitFor()
}

async function readBodies(page: Page): Promise<void> {
  const reason = page.getByRole('textbox', { name: /Why do you read it/ })
  // The tab keeps the reason of a record that was read before.
  if (await reason.isVisible()) {
    await reason.fill('A question of the works council')
    await page.getByRole('button', { name: 'Read', exact: true }).click()
  }
}

const [target, ...names] = process.argv.slice(2)
const wanted = names.length === 0 ? pictures : pictures.filter(({ name }) => names.includes(name))
if (target === undefined || target.startsWith('-') || wanted.length === 0) {
  const all = pictures.map(({ name }) => name).join(', ')
  process.stderr.write(`✗ usage  a directory is needed, and pages that exist: ${all}\n`)
  process.stderr.write('  Try: npm run screenshots -- /tmp/pictures\n')
  process.exit(2)
}

const closers: (() => unknown)[] = []
const scope = { after: (close: () => unknown): void => void closers.push(close) }
try {
  await takeAll(resolve(target))
} finally {
  for (const close of closers.reverse()) await close()
}

async function takeAll(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const demo = await startDemo({
    gatewayPort: 0,
    adminPort: 0,
    signInPort: 0,
    instance1Port: 0,
    instance2Port: 0,
    traffic: false,
    history: true,
    tls: false,
    feed: null,
    stateDirectory: join(root, 'node_modules/.cache/screenshots'),
    pasteFirst: null,
    say: text => void process.stderr.write(text),
  })
  scope.after(() => demo.close())
  const { admin, authority } = demo.state
  const id = await idOfCall(admin, await tokenOf(authority, 'carol'))
  const browser = await startBrowser(scope)
  const byPerson = Map.groupBy(wanted, ({ person = 'carol' }) => person)
  const visits = looks.flatMap(look => [...byPerson].map(([person, shown]) => ({ look, person, shown })))
  for (const { look, person, shown } of visits) {
    const { page, faults, context } = await openConsole(browser, { admin, person, ...look })
    for (const { name, path, prepare } of shown) {
      await page.goto(`${admin}${path.replace('ID', id)}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await settled(page)
      await prepare?.(page)
      await settled(page)
      await page.evaluate('scrollTo(0, 0)')
      await grown(page, look.width)
      await page.screenshot({ path: join(directory, `${name}-${look.name}.png`) })
      await page.setViewportSize({ width: look.width, height: look.height })
      await page.emulateMedia({ media: null })
      process.stdout.write(`${name}-${look.name}\n`)
    }
    await context.close()
    for (const fault of faults) process.stderr.write(`${fault}\n`)
  }
}

/**
 * Makes the window as high as the page: a picture beyond the window would have blank charts, and the list of pages
 * would end in its middle.
 */
async function grown(page: Page, width: number): Promise<void> {
  const height = await page.evaluate<number>('document.documentElement.scrollHeight')
  await page.setViewportSize({ width, height })
  for (let frames = 0; frames < 4; frames += 1) await page.evaluate('new Promise(requestAnimationFrame)')
}

/** Until everything that the page asked for is shown. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
  // A live stream is never idle, so the charts are waited for instead.
  await page.waitForFunction(
    'document.querySelectorAll("figure").length === document.querySelectorAll("figure canvas, figure table").length',
  )
  // Charts are drawn in the frame after they know their width.
  await page.waitForFunction(`[...document.querySelectorAll('figure canvas')].every(canvas =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value !== 0))`)
  for (let frames = 0; frames < 4; frames += 1) await page.evaluate('new Promise(requestAnimationFrame)')
}

async function tokenOf(authority: string, as: string): Promise<string> {
  const response = await fetch(`${authority}/_simulator/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ as }),
  })
  const { access_token: token } = (await response.json()) as { readonly access_token: string }
  return token
}

async function idOfCall(admin: string, token: string): Promise<string> {
  const address = `${admin}/api/v1/records?workload=hr-bot&operation=chat/completions&outcome=completed&status=200&limit=1`
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } })
  const { records } = (await response.json()) as { readonly records: readonly { readonly id: string }[] }
  const [first] = records
  if (first === undefined) throw new Error('the demonstration has no record of a call')
  return first.id
}
