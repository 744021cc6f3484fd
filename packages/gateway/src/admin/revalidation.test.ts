import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type House, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { ruleReport } from './running.fixture.ts'

const repeating = [
  '/openapi.json',
  '/api/v1/whoami',
  '/api/v1/instances',
  '/api/v1/limits',
  '/api/v1/feeds',
  '/api/v1/series?from=2026-11-20&to=2026-11-21',
]

const tagged = (house: House, path: string, tag: string, as = 'bob') =>
  house.send(path, { as, headers: ['if-none-match', tag] })

// A page asks for the same figures again and again: what has not changed must cost no bytes, and never hide a change.
test('an answer that has not changed is 304 to who has it, and one that has changed is whole', async t => {
  const house = await startHouse(t)
  for (const path of repeating) {
    const first = await house.send(path, { as: 'bob' })
    const tag = String(first.headers['etag'])
    assert.match(tag, /^"[\w-]{43}"$/, path)
    assert.equal(first.headers['cache-control'], 'private, no-cache')
    assert.match(first.headers['content-type'] as string, /^application\/json/)
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await tagged(house, path, known)
      assert.deepEqual([again.status, again.text, again.headers['etag']], [304, '', tag], `${path} ${known}`)
      assert.equal(again.headers['content-type'], undefined)
      assert.match(String(again.headers['x-gatehouse-request-id']), /^[0-9a-f-]{36}$/)
      assert.equal(again.headers['x-content-type-options'], 'nosniff')
    }
    const other = await tagged(house, path, '"other"')
    assert.deepEqual([other.status, other.text], [200, first.text])
    const head = await house.send(path, { as: 'bob', method: 'HEAD' })
    assert.deepEqual([head.status, head.headers['etag'], head.text], [200, tag, ''])
  }
  const before = await house.send('/api/v1/limits', { as: 'bob' })
  const report = await house.running.limits()
  house.running.limits = async () => ({ ...report, rules: [ruleReport({ used: 1 })] })
  assert.equal((await tagged(house, '/api/v1/limits', String(before.headers['etag']))).status, 200)
})

// A series of a day that is over changes when a long call of that day ends.
test('a series of a time that is over changes with a record that comes late', async t => {
  const house = await startHouse(t)
  const path = '/api/v1/series?from=2026-11-20&to=2026-11-21'
  const tag = String((await house.send(path, { as: 'bob' })).headers['etag'])
  await house.ledger.add(recordRow(recordId(1)))
  const { status, json } = await tagged(house, path, tag)
  assert.deepEqual([status, (json as { total: { calls: number } }).total.calls], [200, 1])
})

test('a tag helps nobody who may not have the answer, and another caller gets an own answer', async t => {
  const house = await startHouse(t)
  const tag = String((await house.send('/api/v1/whoami', { as: 'bob' })).headers['etag'])
  const carol = await tagged(house, '/api/v1/whoami', tag, 'carol')
  assert.deepEqual(
    [carol.status, (carol.json as { caller: { displayName: string } }).caller.displayName],
    [200, 'carol@contoso.example'],
  )
  const refused = await tagged(house, '/api/v1/limits', '*', 'dave')
  assert.deepEqual(
    [refused.status, refused.headers['etag'], refused.headers['cache-control']],
    [403, undefined, 'no-store'],
  )
  const stranger = await house.send('/api/v1/limits', { headers: ['if-none-match', '*'] })
  assert.deepEqual([stranger.status, stranger.headers['etag']], [401, undefined])
})

test('records, usage and bodies are kept nowhere', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('{}'), response: null })
  for (const path of ['/api/v1/records', `/api/v1/records/${recordId(1)}`, '/api/v1/usage']) {
    const { headers } = await house.send(path, { as: 'bob' })
    assert.deepEqual([headers['cache-control'], headers['etag']], ['no-store', undefined], path)
  }
  const reason = { as: 'carol', headers: ['x-gatehouse-reason', 'a test'] }
  const bodies = await house.send(`/api/v1/records/${recordId(1)}/bodies`, reason)
  assert.deepEqual(
    [bodies.status, bodies.headers['cache-control'], bodies.headers['etag']],
    [200, 'no-store', undefined],
  )
})
