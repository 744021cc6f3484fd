/** A feed of files beside a running gateway: real calls, orders of operators, reloads, trouble; and docs/feeds.md. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { feedsAnswer } from '../../packages/gateway/src/admin/house-schemas.ts'
import type { Config, ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import {
  answerOf,
  recordsInLines,
  recordsInParquet,
  withoutDoubles,
} from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { logTo } from '../../packages/gateway/src/log.fixture.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, startWorld, type World } from '../support/world.ts'

interface Feeding {
  readonly world: World
  readonly errors: string[]
  chat(question?: string): Promise<void>
  admin(path: string, as?: string, method?: string): Promise<{ readonly status: number; readonly text: string }>
  directory(name: string): string
  /** Waits until the feed has taken everything. */
  caughtUp(name: string): Promise<void>
}

type FilesInput = Extract<NonNullable<ConfigInput['feeds']>[string], { readonly kind: 'files' }>

/** A world whose feeds have directories below its own, which `feeds` names by words. */
async function start(t: TestContext, feeds: Readonly<Record<string, FilesInput>>): Promise<Feeding> {
  const errors: string[] = []
  const log = logTo(({ level, event }) => {
    if (level === 'error') errors.push(event)
  })
  const placed = (directory: string): NonNullable<ConfigInput['feeds']> =>
    Object.fromEntries(
      Object.entries(feeds).map(([name, feed]) => [
        name,
        {
          batch: { time: '1s' },
          ...feed,
          ...('directory' in feed ? { directory: join(directory, feed.directory) } : {}),
        },
      ]),
    )
  const world = await startWorld(t, {
    parts: { log },
    change: config => ({ ...config, feeds: placed(join(config.ledger?.directory ?? '', '..')) }),
  })
  const admin: Feeding['admin'] = async (path, as = 'carol', method = 'GET') => {
    const headers = { authorization: `Bearer ${await world.token(as)}` }
    const answer = await fetch(`${world.house.admin?.url}${path}`, { headers, method })
    return { status: answer.status, text: await answer.text() }
  }
  return {
    world,
    errors,
    admin,
    async chat(question = 'How many days of leave do I have?') {
      const answer = await fetch(world.url + chatPath, {
        method: 'POST',
        headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
        body: JSON.stringify({ messages: ask(question), max_tokens: 20 }),
      })
      assert.equal(answer.status, 200, await answer.text())
    },
    directory: name => join(world.directory, name),
    async caughtUp(name) {
      await world.house.ledger.caughtUp()
      await eventually(`the feed ${name} has caught up`, async () => {
        const { feeds: states } = feedsAnswer.parse(JSON.parse((await admin('/api/v1/feeds')).text))
        const state = states.find(one => one.name === name)
        return (state !== undefined && state.sent > 0 && state.lagRecords === 0) || null
      })
    },
  }
}

test('what the gateway recorded is in the files, in both formats, call by call', async t => {
  const feeding = await start(t, {
    lines: { kind: 'files', directory: 'lines', bodies: true },
    parquet: { kind: 'files', directory: 'parquet', format: 'parquet', bodies: true },
  })
  const { world } = feeding
  for (let call = 0; call < 10; call += 1) await feeding.chat(`question ${call}`)
  await fetch(world.url + chatPath, { method: 'POST' })
  const rows = await allRecords(world.house.ledger)
  assert.equal(rows.length, 11)
  await feeding.caughtUp('lines')
  await feeding.caughtUp('parquet')
  const read = [recordsInLines(feeding.directory('lines')), await recordsInParquet(feeding.directory('parquet'))]
  for (const records of read.map(withoutDoubles)) {
    assert.equal(records.size, rows.length)
    for (const { id, outcome, usage, cost, callerObjectId } of rows) {
      const record = records.get(id)
      assert.deepEqual(
        [record?.['outcome'], record?.['totalTokens'], record?.['costNano'], record?.['callerObjectId']],
        [outcome, usage.totalTokens, cost?.nano ?? null, callerObjectId],
      )
      const bodies = await world.house.ledger.bodies(id)
      const text = (body: Uint8Array | null | undefined): string => Buffer.from(body ?? []).toString()
      assert.equal(record?.['requestBody'] ?? '', text(bodies?.request))
      assert.equal(record?.['responseBody'] ?? '', text(bodies?.response))
    }
  }
  assert.deepEqual(feeding.errors, [])
})

test('operators pause, resume and rewind a feed; metrics say so', async t => {
  const feeding = await start(t, { lines: { kind: 'files', directory: 'lines' } })
  const records = (): number => recordsInLines(feeding.directory('lines')).length
  await feeding.chat()
  await feeding.caughtUp('lines')
  assert.equal((await feeding.admin('/api/v1/feeds/lines/pause', 'carol', 'POST')).status, 200)
  await feeding.chat()
  await eventually('the lag shows', async () => {
    const { feeds } = feedsAnswer.parse(JSON.parse((await feeding.admin('/api/v1/feeds')).text))
    return (feeds[0]?.status === 'paused' && feeds[0].lagRecords > 0) || null
  })
  assert.equal(records(), 1)
  assert.match((await feeding.admin('/metrics')).text, /gatehouse_feed_paused\{feed="lines"\} 1/)
  assert.equal((await feeding.admin('/api/v1/feeds/lines/resume', 'carol', 'POST')).status, 200)
  await eventually('the second record', () => records() === 2 || null)
  const to = new Date(Date.now() - 3_600_000).toISOString()
  const rewound = await feeding.admin(`/api/v1/feeds/lines/rewind?to=${to}`, 'carol', 'POST')
  assert.equal(rewound.status, 200, rewound.text)
  await eventually('both again', () => records() === 4 || null)
  assert.equal(withoutDoubles(recordsInLines(feeding.directory('lines'))).size, 2)
  assert.equal((await feeding.admin('/api/v1/feeds/lines/rewind?to=yesterday', 'carol', 'POST')).status, 400)
})

// An archive that is away must cost calls nothing, and be seen.
test('a feed in trouble is a warning of readyz, calls go on, and it recovers by itself', async t => {
  const feeding = await start(t, { lines: { kind: 'files', directory: 'mount/lines' } })
  const { world, chat, directory } = feeding
  const troubled = async (): Promise<readonly unknown[]> => {
    const answer = await fetch(`${world.url}/readyz`)
    const body = (await answer.json()) as { feedsTroubled?: number }
    return [answer.status, body.feedsTroubled ?? 0]
  }
  await chat()
  await eventually('the trouble shows', async () => (await troubled())[1] === 1 || null)
  assert.deepEqual(await troubled(), [200, 1])
  await chat()
  assert.match((await feeding.admin('/api/v1/feeds')).text, /"status":"failing".*its parent does not exist/)
  mkdirSync(directory('mount'))
  await feeding.caughtUp('lines')
  // The feed's thread reports its end of trouble after the batch that it took.
  await eventually('the trouble is over', async () => (await troubled())[1] === 0 || null)
  assert.equal(withoutDoubles(recordsInLines(directory('mount/lines'))).size, 2)
})

test('a reload adds, changes and removes feeds; one that comes back goes on at its cursor', async t => {
  const feeding = await start(t, { one: { kind: 'files', directory: 'one' } })
  const { world, chat } = feeding
  const { config } = world
  const ids = (name: string): number => recordsInLines(feeding.directory(name)).length
  const written = config.feeds['one']
  assert.ok(written?.kind === 'files')
  const withFeeds = (feeds: Config['feeds']): readonly string[] => world.house.reload({ ...config, feeds })
  await chat()
  await feeding.caughtUp('one')
  const two = { ...written, directory: feeding.directory('two') }
  assert.deepEqual(withFeeds({ one: { ...written, columns: ['workload'] }, two }), [])
  // The thread of the old feed ends in its own time, and may send a record before.
  let calls = 1
  await eventually('the changed feed', async () => {
    calls += 1
    await chat()
    await eventually('the call', () => ids('one') === calls || null)
    return recordsInLines(feeding.directory('one')).some(record => Object.keys(record).length === 2) || null
  })
  await eventually('the changed and the added feed', () => (ids('one') === calls && ids('two') === calls) || null)
  withFeeds({ two })
  await eventually(
    'the feed is gone',
    async () => !(await feeding.admin('/api/v1/feeds')).text.includes('"one"') || null,
  )
  await chat()
  await eventually('the one that stayed', () => ids('two') === calls + 1 || null)
  assert.equal(ids('one'), calls)
  withFeeds({ one: written, two })
  await eventually('it goes on', () => ids('one') === calls + 1 || null)
  assert.throws(() => withFeeds({ one: { ...written, columns: ['nonsense'] }, two }), { code: 'config_invalid' })
  assert.match((await feeding.admin('/api/v1/feeds')).text, /"one".*"two"/)
  assert.deepEqual(feeding.errors, [])
})

test('the query of docs/feeds.md answers from what a feed wrote', async t => {
  const feeding = await start(t, { files: { kind: 'files', directory: 'files' } })
  for (let call = 0; call < 3; call += 1) await feeding.chat()
  await feeding.caughtUp('files')
  const page = await readFile(new URL('../../docs/feeds.md', import.meta.url), 'utf8')
  const query = /```sql\n([\s\S]+?)```/.exec(page)?.[1] ?? ''
  assert.match(query, /\.gatehouse\/files/)
  const [row] = await answerOf(query.replace('.gatehouse/files', feeding.directory('files')))
  assert.deepEqual([row?.['workload'], row?.['calls']], ['hr-bot', 3])
})
