/** A webhook beside a running gateway: real calls, and the receiver of docs/feeds.md as it is printed there. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { feedsAnswer } from '../../packages/gateway/src/admin/house-schemas.ts'
import { secret, startReceiver } from '../../packages/gateway/src/ledger/feeds/webhook/webhook.fixture.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, startWorld, type World } from '../support/world.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

async function startWithWebhook(t: TestContext, url: string, only: object = {}): Promise<World> {
  const feed = { kind: 'webhook', url, credential: { secret }, ...only } as const
  return startWorld(t, { change: config => ({ ...config, feeds: { alerts: feed } }) })
}

async function chat(world: World, token: string | null): Promise<number> {
  const answer = await fetch(world.url + chatPath, {
    method: 'POST',
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    body: JSON.stringify({ messages: ask('How many days of leave do I have?'), max_tokens: 20 }),
  })
  await answer.text()
  return answer.status
}

/** The only feed, as the management API shows it. */
async function stateOf(world: World): Promise<(typeof feedsAnswer)['_output']['feeds'][number]> {
  const headers = { authorization: `Bearer ${await world.token('carol')}` }
  const answer = await fetch(`${world.house.admin?.url}/api/v1/feeds`, { headers })
  const [state] = feedsAnswer.parse(await answer.json()).feeds
  return state ?? assert.fail()
}

// A page whose code does not run costs every reader an hour.
test('the receiver of docs/feeds.md takes what a gateway sends', async t => {
  const page = readFileSync(join(root, 'docs', 'feeds.md'), 'utf8')
  const [, section = ''] = page.split('\n## Webhook\n')
  const code = /```js\n([\s\S]+?)```/.exec(section)?.[1] ?? ''
  const listening = code.replace(
    '.listen(process.env.PORT)',
    ".listen(0, '127.0.0.1', function () { process.send(this.address().port) })",
  )
  assert.notEqual(listening, code)
  const directory = temporaryDirectory('ledger')
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  writeFileSync(join(directory, 'receiver.mjs'), listening)
  const receiver = spawn(process.execPath, [join(directory, 'receiver.mjs')], {
    env: { ...process.env, HOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  t.after(async () => {
    receiver.kill('SIGKILL')
    if (receiver.exitCode === null && receiver.signalCode === null) await once(receiver, 'exit')
  })
  let printed = ''
  receiver.stdout?.on('data', chunk => {
    printed += String(chunk)
  })
  const [port] = (await once(receiver, 'message')) as [number]
  const world = await startWithWebhook(t, `http://127.0.0.1:${port}/`)
  assert.equal(await chat(world, await world.token('alice')), 200)
  assert.equal(await chat(world, null), 401)
  await eventually('both are printed', () => (printed.trim().split('\n').length === 2 ? true : null))
  assert.deepEqual(printed.trim().split('\n').toSorted(), ['hr-bot null', 'hr-bot token_missing'])
})

// An alert must arrive however long its receiver was away, and calls must not notice.
test('a receiver that was away gets every record once, and the feed says what was wrong', async t => {
  let isAway = true
  const receiver = await startReceiver(t, response => response.writeHead(isAway ? 500 : 204).end())
  const world = await startWithWebhook(t, receiver.url, { batch: { records: 10 } })
  for (let call = 0; call < 3; call += 1) assert.equal(await chat(world, await world.token('alice')), 200)
  const failing = await eventually('the feed fails', async () => {
    const state = await stateOf(world)
    return state.status === 'failing' ? state : null
  })
  assert.match(failing.lastError ?? '', /localhost:\d+ answered 500/)
  assert.ok(!JSON.stringify(failing).includes('path-of-the-hook'))
  assert.equal((await fetch(`${world.url}/readyz`)).status, 200)
  isAway = false
  receiver.messages.length = 0
  await eventually('everything is sent', async () => ((await stateOf(world)).sent === 3 ? true : null), 60_000)
  const ids = receiver.messages.flatMap(({ records }) => records.map(({ id }) => id))
  assert.deepEqual(ids.toSorted(), (await allRecords(world.house.ledger)).map(({ id }) => id).toSorted())
})

test('only records that the filters name are sent', async t => {
  const receiver = await startReceiver(t)
  const only = { outcomes: ['refused'], only: { codes: ['token_missing'] }, columns: ['outcomeCode'] }
  const world = await startWithWebhook(t, receiver.url, only)
  assert.equal(await chat(world, await world.token('alice')), 200)
  assert.equal(await chat(world, 'nonsense'), 401)
  assert.equal(await chat(world, null), 401)
  await eventually('it is sent', () => (receiver.messages.length > 0 ? true : null))
  assert.deepEqual(
    receiver.messages.map(({ records }) => records.map(({ outcomeCode }) => outcomeCode)),
    [['token_missing']],
  )
})
