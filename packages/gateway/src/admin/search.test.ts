import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SearchPage } from '../ledger/search/index.ts'
import { errorIn, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { searchAnswer } from './search-schemas.ts'

const path = '/api/v1/records/search?workload=hr-bot&day=2026-11-20'
const said = (content: string): Buffer => Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] }))

// Who searches reads what people said: the log must name the reader, and must not say it again.
test('a search answers with the places and is logged with the records that it showed, without the text', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: said('my salary is secret'), response: null })
  await house.ledger.add(recordRow(recordId(2)), { request: said('nothing'), response: said('Your SALARY') })
  await house.ledger.add(recordRow(recordId(3), { workload: 'code-assistant' }), {
    request: said('salary'),
    response: null,
  })
  const answer = await house.send(`${path}&text=salary`, { as: 'carol' })
  assert.equal(answer.status, 200)
  const page: SearchPage = searchAnswer.parse(answer.json)
  assert.deepEqual(
    page.hits.map(({ id, in: where, before, found, after }) => [id, where, before, found, after]),
    [
      [recordId(2), 'response', 'Your ', 'SALARY', ''],
      [recordId(1), 'request', 'my ', 'salary', ' is secret'],
    ],
  )
  assert.deepEqual([page.searched, page.records, page.next], [2, 2, null])
  const audit = house.logged.filter(({ event }) => event === 'bodies_searched')
  assert.equal(audit.length, 1)
  const { caller, requestId, auditEntry, auditHash, ...fields } = audit[0]?.fields ?? {}
  assert.equal(typeof auditEntry, 'number')
  assert.match(String(auditHash), /^[0-9a-f]{64}$/)
  assert.match(String(caller), /^user:/)
  assert.equal(requestId, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual(fields, { audit: true, workload: 'hr-bot', day: '2026-11-20', records: [recordId(2), recordId(1)] })
  assert.doesNotMatch(JSON.stringify(house.logged), /salary/i)
})

test('a search goes on where the answer before ended', async t => {
  const house = await startHouse(t)
  for (const number of [1, 2, 3])
    await house.ledger.add(recordRow(recordId(number)), { request: said('leave'), response: null })
  const first = searchAnswer.parse((await house.send(`${path}&text=leave&limit=2`, { as: 'carol' })).json)
  const rest = searchAnswer.parse((await house.send(`${path}&text=leave&before=${first.next}`, { as: 'carol' })).json)
  assert.deepEqual(
    [first, rest].map(({ hits, next }) => [hits.map(({ id }) => id), next]),
    [
      [[recordId(3), recordId(2)], recordId(2)],
      [[recordId(1)], null],
    ],
  )
})

test('a wrong search is refused with the parameter, and nothing is logged as searched', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)))
  const wrong: readonly (readonly [string, string | null, RegExp])[] = [
    ['?text=leave&day=2026-11-20', 'workload', /is needed/],
    ['?text=leave&workload=hr-bot', 'day', /is needed/],
    ['?workload=hr-bot&day=2026-11-20', 'text', /is needed/],
    ['?text=&workload=hr-bot&day=2026-11-20', 'text', /at least 2 characters/],
    ['?text=%20a%20&workload=hr-bot&day=2026-11-20', 'text', /at least 2 characters/],
    [`?text=${'a'.repeat(257)}&workload=hr-bot&day=2026-11-20`, 'text', /at most 256 characters/],
    ['?text=leave&workload=hr-bot&day=2026-02-30', 'day', /expected a date/],
    ['?text=leave&workload=hr-bot&day=2026-11-20&limit=201', 'limit', /from 1 to 200/],
    ['?text=leave&workload=hr-bot&day=2026-11-20&before=7', 'before', /expected a record id/],
    ['?text=leave&workload=nobody&day=2026-11-20', null, /no such workload/],
  ]
  for (const [query, param, message] of wrong) {
    const answer = await house.send(`/api/v1/records/search${query}`, { as: 'carol' })
    assert.equal(answer.status, 400, query)
    const error = errorIn(answer)
    assert.deepEqual([error.code, error.param], ['parameter_invalid', param], query)
    assert.match(error.message, message, query)
  }
  assert.equal(house.logged.filter(({ event }) => event === 'bodies_searched').length, 0)
})
