import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { feedState } from '../../admin/running.fixture.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

async function startReaders(t: TestContext) {
  const house = await startHouse(t)
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  return {
    house,
    read: (args: readonly string[], options?: RunOptions): Promise<Run> =>
      run(args, { admin: house.admin.url, token, ...options }),
  }
}

test('feeds show how far each is behind, what it sent, and its last error', async t => {
  const { read } = await startReaders(t)
  const { code, out, err } = await read(['feeds'])
  assert.deepEqual([code, err], [0, ''])
  const line = out.split('\n').find(one => one.includes('files')) ?? ''
  assert.match(line, /^✗ +east +files +failing +1,200 +75 s +98,000 +51,000,000 +40 +1 +2 +2 min ago/)
  assert.match(out, /✗ east: \/archive: the disk is full\. Free space on it \(ENOSPC\)\. \(30 s ago\)/)
  const csv = (await read(['feeds', '--format', 'csv'])).out.split('\n')
  assert.match(csv[1] ?? '', /^east,files,failing,1200,75,2400000,98000,/)
  assert.deepEqual(JSON.parse((await read(['feeds'], { json: true })).out).feeds, [feedState])
})

// Sending a month again can cost the receiver a day: who did it must be known.
test('operators pause, resume and rewind a feed, each is audited, and nobody else may', async t => {
  const { house, read } = await startReaders(t)
  const paused = await read(['feeds', 'pause', 'east', '--as', 'alice'])
  assert.deepEqual([paused.code, paused.out], [0, '✓ east  is paused; it is 1,200 records behind.\n'])
  assert.match((await read(['feeds', 'resume', 'east', '--as', 'alice'])).out, /goes on/)
  const rewound = await read(['feeds', 'rewind', 'east', '--to', '2026-11-01', '--as', 'alice'])
  assert.match(rewound.out, /sends again what ended at 2026-11-01T00:00:00\.000Z or later; it is 5,000 records behind/)
  const audited = house.logged.filter(({ fields }) => fields['audit'] === true)
  assert.deepEqual(
    audited.map(({ event, fields }) => [event, fields['feed']]),
    [
      ['feed_paused', 'east'],
      ['feed_resumed', 'east'],
      ['feed_rewound', 'east'],
    ],
  )
  assert.match((await read(['feeds', 'pause', 'east'])).err, /✗ role_missing/)
  const unknown = await read(['feeds', 'pause', 'west', '--as', 'alice'])
  assert.match(unknown.err, /✗ feed_unknown .*There are: east\.[\s\S]*Try: gatehouse feeds/)
  assert.match((await read(['feeds', 'rewind', 'east', '--to', 'soon', '--as', 'alice'])).err, /--to/)
})

// An operator who reads that a feed is paused goes on to repair its receiver.
test('an order that the feed does not answer is an error, and is audited as one', async t => {
  const { house, read } = await startReaders(t)
  for (const order of [['pause'], ['resume'], ['rewind', '--to', '2026-11-01']]) {
    const [verb = '', ...rest] = order
    const { code, err } = await read(['feeds', verb, 'stuck', ...rest, '--as', 'alice'])
    assert.notEqual(code, 0)
    assert.match(err, /✗ feed_unavailable .*It gave no answer in time\. It may still do what it was asked for/)
  }
  const audited = house.logged.filter(({ fields }) => fields['audit'] === true)
  assert.deepEqual(
    audited.map(({ event, fields }) => [event, fields['feed'], fields['order']]),
    ['pause', 'resume', 'rewind'].map(order => ['feed_order_failed', 'stuck', order]),
  )
})
