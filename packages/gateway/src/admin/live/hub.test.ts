import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { recordId, recordRow } from '../ledger.fixture.ts'
import { Hub } from './hub.ts'

const followedRecord = (at: number) => ({ json: JSON.stringify(recordRow(recordId(at))), cursor: String(at) })

async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn()
}

// A gateway whose console is closed must not read its ledger twice a second for nobody.
test('nothing is read while nobody listens, and once for all who do', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let follows = 0
  let looks = 0
  const hub = new Hub({
    ledger: {
      follow: async after => {
        follows += 1
        const at = Number(after ?? 5)
        if (after === null || at > 6) return { records: [], cursor: String(Math.max(5, at)) }
        return { records: [followedRecord(at + 1)], cursor: String(at + 1) }
      },
      get loadedTo() {
        return follows
      },
    },
    states: async () => {
      looks += 1
      return { limits: { quietMs: looks, used: Math.min(looks, 2) } }
    },
    pollMs: 500,
    stateMs: 1_000,
  })
  await settle()
  t.mock.timers.tick(60_000)
  await settle()
  assert.deepEqual([follows, looks], [0, 0])

  const listeners = [hub.join(['record', 'limits']), hub.join(['record']), hub.join(['limits'])]
  await settle()
  const [first] = listeners
  assert.deepEqual([follows, looks], [2, 1], 'one question for the cursor of now, one for what is new')
  const seen = await first?.after('5')
  assert.deepEqual([seen?.pieces.map(({ cursor }) => cursor), seen?.cursor], [['6'], '6'])
  assert.equal(follows, 2, 'what is kept is not read again')
  const versions = [first?.state('limits')?.version]
  for (let seconds = 0; seconds < 3; seconds += 1) {
    t.mock.timers.tick(1_000)
    await settle()
    versions.push(first?.state('limits')?.version)
  }
  assert.deepEqual(versions, [1, 2, 2, 2], 'an age that grows is no change')

  for (const listener of listeners) listener.leave()
  t.mock.timers.tick(1_000)
  await settle()
  const [followed, looked] = [follows, looks]
  t.mock.timers.tick(60_000)
  await settle()
  assert.deepEqual([follows, looks], [followed, looked])
  hub.join(['record'])
  await settle()
  assert.ok(follows > followed, 'the next one is served again')
})

// A question for each look would be what calls wait for.
test('the ledger is asked when it has loaded more, and a store that goes away ends what listens', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let follows = 0
  let loadedTo: number | null = 7
  const hub = new Hub({
    ledger: {
      follow: async () => {
        follows += 1
        return { records: [], cursor: '1' }
      },
      get loadedTo() {
        if (loadedTo === null) throw new Error('away')
        return loadedTo
      },
    },
    states: async () => ({}),
    pollMs: 100,
    stateMs: 1_000,
  })
  const look = async (): Promise<number> => {
    t.mock.timers.tick(100)
    await settle()
    return follows
  }
  const listener = hub.join(['record'])
  await settle()
  assert.deepEqual([follows, await look(), await look()], [2, 2, 2], 'the cursor of now, and what is new')
  loadedTo = 8
  assert.deepEqual([await look(), await look()], [3, 3])
  loadedTo = null
  await look()
  assert.equal(listener.isOver, true)
})

test('a ledger that cannot be read ends what listens, and who comes later tries again', async () => {
  let isDown = true
  const hub = new Hub({
    ledger: {
      follow: async () => (isDown ? Promise.reject(new Error('away')) : { records: [], cursor: '1' }),
      loadedTo: 1,
    },
    states: async () => ({}),
    pollMs: 1,
    stateMs: 1,
  })
  const [listener, other] = [hub.join(['record']), hub.join(['limits'])]
  assert.equal(await listener.changed(0, 60_000), true)
  assert.deepEqual([listener.isOver, other.isOver], [true, false])
  other.leave()
  isDown = false
  const later = hub.join(['record'])
  assert.equal(later.isOver, false)
  assert.deepEqual(await later.after('1'), { pieces: [], cursor: '1' })
  later.leave()
})

// With a stream for each person, what is made for each of them is what calls wait for.
test('streams share the bytes of what they send, and wake only for what they listen to', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let last = 5
  const hub = new Hub({
    ledger: {
      follow: async after => {
        const from = after === null ? last : Number(after)
        const records = Array.from({ length: last - from }, (_, at) => followedRecord(from + at + 1))
        return { records, cursor: String(last) }
      },
      get loadedTo() {
        return last
      },
    },
    states: async () => ({ limits: { used: 1 } }),
    pollMs: 500,
    stateMs: 1_000,
  })
  const [one, two, limits] = [hub.join(['record']), hub.join(['record']), hub.join(['limits'])]
  await settle()
  assert.deepEqual([one.changes, limits.changes], [0, 1])
  last = 65
  t.mock.timers.tick(500)
  await settle()
  assert.deepEqual([one.changes, two.changes, limits.changes], [3, 3, 1])

  const pieces = (await one.after('5')).pieces
  assert.deepEqual(
    pieces.map(({ cursor }) => cursor),
    ['30', '55', '65'],
  )
  for (const [at, piece] of (await two.after('5')).pieces.entries()) assert.equal(piece.events, pieces[at]?.events)
  const whole = pieces.map(({ events }) => Buffer.from(events).toString())
  const late = (await one.after('7')).pieces.map(({ events }) => Buffer.from(events).toString())
  assert.deepEqual(late, [whole[0]?.split('\n\n').slice(2).join('\n\n'), ...whole.slice(1)])
  const all = pieces[0]?.eventsOf(() => true)
  assert.equal(all, pieces[0]?.events)
  assert.equal(
    Buffer.from(pieces[2]?.eventsOf(({ id }) => id === recordId(60)) ?? [])
      .toString()
      .match(/data:/g)?.length,
    1,
  )
  assert.equal(
    pieces[2]?.eventsOf(() => false),
    null,
  )

  const silence = one.changed(one.changes, 15_000)
  t.mock.timers.tick(15_000)
  assert.equal(await silence, false)
  for (const listener of [one, two, limits]) listener.leave()
  assert.equal(await one.changed(one.changes, 15_000), true)
})
