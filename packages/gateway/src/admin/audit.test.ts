import assert from 'node:assert/strict'
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { eventually } from '../../../../test/support/wait.ts'
import { auditPath } from '../audit/files.ts'
import type { AuditEntry, AuditPage, Verified } from '../audit/index.ts'
import { verifyTrail } from '../audit/verify.ts'
import { errorIn, type House, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'

async function entriesOf(house: House, query = ''): Promise<readonly AuditEntry[]> {
  const answer = await house.send(`/api/v1/audit${query}`, { as: 'carol' })
  assert.equal(answer.status, 200, answer.text)
  return (answer.json as AuditPage).entries
}

const facts = (entries: readonly AuditEntry[]) => entries.map(({ action, outcome, facts }) => [action, outcome, facts])

// Who read what people wrote must be known, whatever they did with it, and why.
test('reading bodies is in the trail with reader, record, reason and request, and holds no content', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('secret question'), response: null })
  const path = `/api/v1/records/${recordId(1)}/bodies`
  const headers = ['x-gatehouse-reason', encodeURIComponent('Ticket 41 – "leave" ☂')]
  const { headers: answered } = await house.send(path, { as: 'carol', headers })
  const [entry] = await entriesOf(house, '?action=bodies_read')
  assert.deepEqual(entry?.facts, { record: recordId(1) })
  assert.match(entry?.actor ?? '', /^user:/)
  assert.match(entry?.name ?? '', /^carol@/)
  assert.equal(entry?.reason, 'Ticket 41 – "leave" ☂')
  assert.equal(entry?.requestId, answered['x-gatehouse-request-id'])
  const line = house.logged.find(({ event }) => event === 'bodies_read')
  assert.deepEqual([line?.fields.auditEntry, line?.fields.auditHash], [entry?.seq, entry?.hash])
  assert.doesNotMatch(JSON.stringify(await entriesOf(house)), /secret|c2VjcmV0/)
})

test('a change has an entry before it and one of its result', async t => {
  const house = await startHouse(t)
  await house.send('/api/v1/log/level?level=debug&seconds=60', { method: 'POST', as: 'alice' })
  const [done, asked] = await entriesOf(house, '?action=log_level_set')
  assert.ok(done !== undefined && asked !== undefined)
  assert.deepEqual(facts([asked, done]), [
    ['log_level_set', 'asked', { level: 'debug', seconds: 60 }],
    ['log_level_set', 'done', { of: asked.seq, level: 'debug', seconds: 60 }],
  ])
  await house.send('/api/v1/feeds/stuck/pause', { method: 'POST', as: 'alice' })
  const [failed] = await entriesOf(house, '?action=feed_paused')
  assert.deepEqual(
    [failed?.outcome, failed?.facts['feed'], failed?.facts['code']],
    ['failed', 'stuck', 'feed_unavailable'],
  )
})

test('refusals are in the trail: without a token, without the role, and under a foreign name', async t => {
  const house = await startHouse(t)
  await house.send('/api/v1/usage?secret=1')
  await house.send('/api/v1/feeds/east/pause', { method: 'POST', as: 'bob' })
  await house.send('/healthz', { headers: ['host', 'evil.example'] })
  // The answer to the last one does not wait for its entry.
  const entries = await eventually('three entries', async () => {
    const found = (await entriesOf(house, '?action=refused')).toReversed()
    return found.length >= 3 ? found : null
  })
  assert.deepEqual(facts(entries), [
    ['refused', 'refused', { code: 'token_missing', method: 'GET', path: '/api/v1/usage' }],
    ['refused', 'refused', { code: 'role_missing', method: 'POST', path: '/api/v1/feeds/east/pause' }],
    ['refused', 'refused', { code: 'host_not_allowed', method: 'GET', path: '/healthz' }],
  ])
  assert.deepEqual(
    entries.map(({ actor, address }) => [actor.replace(/^(user):.*/, '$1'), address]),
    [
      ['stranger', '127.0.0.1'],
      ['user', '127.0.0.1'],
      ['stranger', '127.0.0.1'],
    ],
  )
})

// What is not recorded must not happen: an intruder with a full disk would leave no trace.
test('where the trail cannot be written nothing is done, and the answer says so', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('secret question'), response: null })
  await house.audit.close()
  for (const [path, method, as] of [
    [`/api/v1/records/${recordId(1)}/bodies`, 'GET', 'carol'],
    ['/api/v1/log/level?level=debug', 'POST', 'alice'],
    ['/api/v1/instances/west/probe', 'POST', 'alice'],
    ['/api/v1/feeds/east/pause', 'POST', 'bob'],
  ] as const) {
    const answer = await house.send(path, { method, as })
    assert.deepEqual([answer.status, errorIn(answer).code], [503, 'audit_unavailable'], path)
    assert.match(errorIn(answer).message, /Nothing was done/)
    assert.equal(answer.headers['retry-after'], '5')
    assert.doesNotMatch(answer.text, /c2VjcmV0/)
  }
  assert.deepEqual(house.running.probed, [])
  assert.equal(house.running.levels?.state.level, 'info')
  assert.equal((await house.send('/api/v1/usage', { as: 'bob' })).status, 200)
})

test('the trail goes on when its place is there again', async t => {
  const house = await startHouse(t)
  const path = auditPath(house.auditLedger)
  await appendFile(`${path}/000001.jsonl`, '')
  await rename(path, `${path}.away`)
  await writeFile(path, '')
  // The open file goes on; the head beside it cannot be noted.
  const refused = await house.send('/api/v1/log/reset', { method: 'POST', as: 'alice' })
  assert.equal(refused.status, 503)
  await rename(path, `${path}.file`)
  await rename(`${path}.away`, path)
  assert.equal((await house.send('/api/v1/log/reset', { method: 'POST', as: 'alice' })).status, 200)
  assert.equal((await verifyTrail(path)).fault, null)
})

test('parameters of the trail are checked, and filters leave out what they should', async t => {
  const house = await startHouse(t)
  await house.send('/api/v1/usage')
  for (const query of ['?before=x', '?limit=0', '?limit=1001', '?from=yesterday', '?colour=red']) {
    assert.equal((await house.send(`/api/v1/audit${query}`, { as: 'carol' })).status, 400, query)
  }
  assert.equal((await entriesOf(house, '?actor=stranger')).length, 1)
  assert.equal((await entriesOf(house, '?actor=stranger&to=2020-01-01')).length, 0)
  assert.equal((await entriesOf(house, '?from=2100-01-01')).length, 0)
})

// A spreadsheet runs what begins with an equals sign, and reasons are written by people.
test('the trail is exported as a file of the form that was asked for, and texts are safe from spreadsheets', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('{}'), response: null })
  const headers = ['x-gatehouse-reason', encodeURIComponent('=HYPERLINK("http://evil.example")')]
  await house.send(`/api/v1/records/${recordId(1)}/bodies`, { as: 'carol', headers })
  await house.send('/api/v1/log/reset', { method: 'POST', as: 'alice' })
  const csv = await house.send('/api/v1/audit/export?action=bodies_read', { as: 'carol' })
  const [head = '', line = '', ...more] = csv.text.split('\n')
  assert.match(head, /^seq,time,action,outcome,actor,name,address,requestId,reason,facts,prev,hash$/)
  assert.match(line, /,bodies_read,done,.*"'=HYPERLINK/)
  assert.deepEqual(more, [''])
  assert.match(String(csv.headers['content-disposition']), /filename="gatehouse-audit-\d{8}T\d{6}Z\.csv"/)
  const jsonl = await house.send('/api/v1/audit/export?format=jsonl', { as: 'carol' })
  const lines = jsonl.text.split('\n').filter(one => one !== '')
  assert.deepEqual(
    lines.map(one => JSON.parse(one) as AuditEntry),
    await entriesOf(house),
  )
  assert.equal((await house.send('/api/v1/audit/export?format=xml', { as: 'carol' })).status, 400)
})

test('what was refused is found by its outcome, and the chain is checked by who may read it', async t => {
  const house = await startHouse(t)
  await house.send('/api/v1/usage')
  await house.send('/api/v1/log/reset', { method: 'POST', as: 'alice' })
  assert.deepEqual(
    (await entriesOf(house, '?outcome=refused')).map(({ action }) => action),
    ['refused'],
  )
  const verified = async () => (await house.send('/api/v1/audit/verify', { as: 'carol' })).json as Verified
  const { entries, fault, last } = await verified()
  assert.equal(fault, null)
  assert.deepEqual([entries, last?.seq], [(await entriesOf(house)).length, entries - 1])
  const file = `${auditPath(house.auditLedger)}/000001.jsonl`
  await writeFile(file, (await readFile(file, 'utf8')).replace('token_missing', 'token_present'))
  assert.match((await verified()).fault?.why ?? '', /not the one that its hash was made of/)
  assert.equal((await house.send('/api/v1/audit/verify', { as: 'bob' })).status, 403)
})
