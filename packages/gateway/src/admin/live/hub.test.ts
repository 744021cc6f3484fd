import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { recordId, recordRow } from '../ledger.fixture.ts'
import { Hub } from './hub.ts'

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
        return { records: [{ row: recordRow(recordId(at)), cursor: String(at + 1) }], cursor: String(at + 1) }
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
  assert.deepEqual([seen?.records.map(({ cursor }) => cursor), seen?.cursor], [['6'], '6'])
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

test('a ledger that cannot be read ends what listens, and who comes later tries again', async () => {
  let isDown = true
  const hub = new Hub({
    ledger: { follow: async () => (isDown ? Promise.reject(new Error('away')) : { records: [], cursor: '1' }) },
    states: async () => ({}),
    pollMs: 1,
    stateMs: 1,
  })
  const ends = new AbortController()
  const listener = hub.join(['record'])
  await listener.changed(0, ends.signal)
  assert.equal(listener.hasFailed, true)
  listener.leave()
  isDown = false
  const later = hub.join(['record'])
  assert.equal(later.hasFailed, false)
  assert.deepEqual(await later.after('1'), { records: [], cursor: '1' })
  later.leave()
})
