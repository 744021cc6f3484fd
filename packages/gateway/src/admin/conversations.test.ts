import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { eventually } from '../../../../test/support/wait.ts'
import type { AuditEntry, AuditPage } from '../audit/index.ts'
import { configSchema } from '../config/schema/index.ts'
import { configInput, errorIn, type House, idOf, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { runningHouse } from './running.fixture.ts'

const path = '/api/v1/records/export?format=conversations'
const withBodies = `${path}&bodies=true`

interface Line {
  readonly record: { readonly id: string }
  readonly bodies: string
  readonly conversation?: { readonly messages: readonly { readonly text: string }[] }
}

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Line)

/** Carol is an auditor, Bob a viewer, Dave a developer of hr-bot. */
async function conversationsHouse(t: TestContext, changes: Parameters<typeof startHouse>[1] = {}): Promise<House> {
  const { admin, workloads } = configInput
  const hrBot = { ...workloads['hr-bot'], callers: [{ user: idOf('carol') }, { user: idOf('dave') }] }
  const config = configSchema.parse({
    ...configInput,
    workloads: { ...workloads, 'hr-bot': hrBot },
    admin: { roles: { ...admin.roles, developer: [{ user: idOf('dave') }] } },
  })
  return startHouse(t, { house: runningHouse(config), access: () => config.admin, ...changes })
}

async function say(house: House, number: number, text: string, who = 'carol', size = 0): Promise<void> {
  const caller = { callerTenantId: demoDirectory.tenantId, callerObjectId: idOf(who), callerName: who }
  const row = recordRow(recordId(number), caller)
  const request = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: text }], pad: 'x'.repeat(size) }))
  await house.ledger.add(row, { request, response: Buffer.from('{"choices":[{"message":{"content":"Yes"}}]}') })
}

async function audited(house: House): Promise<readonly AuditEntry[]> {
  const answer = await house.send('/api/v1/audit?action=records_exported', { as: 'carol' })
  return (answer.json as AuditPage).entries.toReversed()
}

const endsOf = (entries: readonly AuditEntry[]) =>
  entries.map(({ outcome, facts }) => [outcome, facts['records'] ?? null, facts['code'] ?? null])

// Who has a copy of what people wrote must be known, once for each copy and with its size.
test('an export has every conversation, and one entry before and one after it in the audit trail', async t => {
  const house = await conversationsHouse(t)
  for (let n = 1; n <= 30; n += 1) await say(house, n, `Secret ${n}`)
  const headers = ['x-gatehouse-reason', encodeURIComponent('Ticket 7')]
  const answer = await house.send(`${withBodies}&workload=hr-bot&from=2026-11-01`, { as: 'carol', headers })
  assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/jsonl'])
  const lines = linesOf(answer.text)
  assert.deepEqual(
    lines.map(({ record, conversation }) => [record.id, conversation?.messages.map(({ text }) => text)]),
    Array.from({ length: 30 }, (_, at) => [recordId(30 - at), [`Secret ${30 - at}`, 'Yes']]),
  )
  assert.deepEqual(
    [answer.headers['x-gatehouse-export-calls'], answer.headers['x-gatehouse-export-own']],
    ['30', 'false'],
  )
  const entries = await audited(house)
  assert.deepEqual(endsOf(entries), [
    ['asked', null, null],
    ['done', 30, null],
  ])
  const [asked] = entries
  assert.deepEqual(
    [asked?.reason, asked?.facts['filter'], asked?.facts['bodies'], asked?.facts['export']],
    ['Ticket 7', 'workload=hr-bot from=2026-11-01T00:00:00.000Z', true, answer.headers['x-gatehouse-export']],
  )
  assert.doesNotMatch(JSON.stringify(entries), /Secret/)
  assert.equal((await house.send(withBodies, { as: 'carol', method: 'HEAD' })).text, '')
  assert.equal((await audited(house)).length, 2)
})

test('figures alone are for viewers, conversations for auditors with a reason, and own calls for developers', async t => {
  const house = await conversationsHouse(t)
  await say(house, 1, "Carol's")
  await say(house, 2, "Dave's", 'dave')
  const figures = await house.send(path, { as: 'bob' })
  assert.deepEqual(
    linesOf(figures.text).map(({ bodies, conversation }) => [bodies, conversation]),
    [
      ['omitted', undefined],
      ['omitted', undefined],
    ],
  )
  const viewer = await house.send(withBodies, { as: 'bob' })
  assert.deepEqual([viewer.status, errorIn(viewer).code], [403, 'role_missing'])
  const silent = await house.send(withBodies, { as: 'carol', headers: ['x-gatehouse-reason', ''] })
  assert.deepEqual([silent.status, errorIn(silent).code], [400, 'reason_missing'])
  const own = await house.send(withBodies, { as: 'dave' })
  assert.deepEqual(
    linesOf(own.text).map(({ conversation }) => conversation?.messages[0]?.text),
    ["Dave's"],
  )
  assert.equal(own.headers['x-gatehouse-export-own'], 'true')
  assert.doesNotMatch(own.text, /Carol/)
  assert.equal((await house.send(`${withBodies}&workload=code-assistant`, { as: 'dave' })).status, 403)
  assert.equal((await house.send(path, { as: 'alice' })).status, 200)
})

test('parameters that do not go together are refused by name', async t => {
  const house = await conversationsHouse(t)
  const wrong = async (query: string) => {
    const answer = await house.send(`/api/v1/records/export?${query}`, { as: 'carol' })
    assert.equal(answer.status, 400, query)
    return [errorIn(answer).code, errorIn(answer).param]
  }
  assert.deepEqual(await wrong('format=csv&bodies=true'), ['parameter_invalid', 'bodies'])
  assert.deepEqual(await wrong('format=conversations&raw=true'), ['parameter_invalid', 'raw'])
  assert.deepEqual(await wrong('format=conversations&bodies=yes'), ['parameter_invalid', 'bodies'])
  assert.deepEqual(await wrong('format=conversations&before=x'), ['parameter_invalid', 'before'])
  assert.deepEqual(await wrong('format=conversations&upTo=-1'), ['parameter_invalid', 'upTo'])
  assert.deepEqual(await wrong('format=conversations&export=7'), ['parameter_invalid', 'export'])
})

test('an export that the audit trail cannot record does not begin', async t => {
  const house = await conversationsHouse(t)
  await say(house, 1, 'Secret')
  await house.audit.close()
  const answer = await house.send(withBodies, { as: 'carol' })
  assert.deepEqual([answer.status, errorIn(answer).code], [503, 'audit_unavailable'])
  assert.equal((await house.send(withBodies, { as: 'carol' })).status, 503)
})

interface Broken {
  readonly lines: readonly Line[]
  readonly next: string
}

/** Reads a few lines and breaks the connection. */
async function breakOff(house: House, address: string, count: number, as = 'carol'): Promise<Broken> {
  const leaving = new AbortController()
  const headers = { authorization: `Bearer ${await house.token(as)}`, 'x-gatehouse-reason': 'test' }
  const answer = await fetch(`${house.admin.url}${address}`, { headers, signal: leaving.signal })
  assert.equal(answer.status, 200)
  let text = ''
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString('latin1')
    if (text.split('\n').length > count) break
  }
  leaving.abort()
  const lines = linesOf(text).slice(0, count)
  const last = lines.at(-1)?.record.id
  const next = new URL(answer.url)
  next.searchParams.set('upTo', answer.headers.get('x-gatehouse-export-up-to') ?? '')
  next.searchParams.set('export', answer.headers.get('x-gatehouse-export') ?? '')
  if (last !== undefined) next.searchParams.set('before', last)
  return { lines, next: `${next.pathname}${next.search}` }
}

const large = 300_000

// A file of which every try has another part is no evidence.
test('an export that is resumed has the rest, and is one export in the audit trail', async t => {
  const house = await conversationsHouse(t)
  for (let n = 1; n <= 40; n += 1) await say(house, n, `Said ${n}`, 'carol', large)
  const first = await breakOff(house, `${withBodies}&raw=true`, 3)
  const second = await eventually('a place', async () => breakOff(house, first.next, 2).catch(() => null))
  await say(house, 41, 'Said later')
  const rest = await house.send(second.next, { as: 'carol' })
  assert.equal(rest.status, 200, rest.text.slice(0, 300))
  const ids = [...first.lines, ...second.lines, ...linesOf(rest.text)].map(({ record }) => record.id)
  assert.deepEqual(
    ids,
    Array.from({ length: 40 }, (_, at) => recordId(40 - at)),
  )
  assert.deepEqual(endsOf(await audited(house)), [
    ['asked', null, null],
    ['done', 40, null],
  ])
})

test('an export that is not resumed in time is in the audit trail as broken, and a later one names it', async t => {
  const house = await conversationsHouse(t, { exportResumeMs: 20 })
  for (let n = 1; n <= 60; n += 1) await say(house, n, `Said ${n}`, 'carol', large)
  const { next } = await breakOff(house, `${withBodies}&raw=true`, 2)
  const entries = await eventually('its end', async () => {
    const found = await audited(house)
    return found.length === 2 ? found : null
  })
  assert.deepEqual([entries[1]?.outcome, entries[1]?.facts['code']], ['failed', 'export_broken'])
  assert.ok(Number(entries[1]?.facts['records']) >= 2)
  // Later it is another export, which names the first.
  const rest = await house.send(next, { as: 'carol' })
  assert.equal(linesOf(rest.text).length, 58)
  const [, , asked, done] = await audited(house)
  assert.deepEqual(
    [asked?.facts['resumes'], done?.outcome, done?.facts['records']],
    [entries[0]?.facts['export'], 'done', 58],
  )
})

// A process that ends must not leave an export without a word on how far it came.
test('what is being exported when the listener closes is in the audit trail as broken', async t => {
  const house = await conversationsHouse(t)
  for (let n = 1; n <= 60; n += 1) await say(house, n, `Said ${n}`, n % 2 === 0 ? 'carol' : 'dave', large)
  await breakOff(house, `${withBodies}&raw=true`, 2)
  const headers = { authorization: `Bearer ${await house.token('dave')}` }
  const reading = await fetch(`${house.admin.url}${withBodies}&raw=true`, { headers })
  assert.equal(reading.status, 200)
  const closed = house.admin.close()
  await assert.rejects(reading.text())
  await closed
  const ended = await eventually('both ends', async () => {
    const { entries } = await house.audit.list({ action: 'records_exported', outcome: 'failed', limit: 10 })
    return entries.length === 2 ? entries : null
  })
  assert.deepEqual(
    ended.map(({ facts }) => facts['code']),
    ['export_broken', 'export_broken'],
  )
})

test('an export of another reader, or of something else, is not resumed', async t => {
  const house = await conversationsHouse(t)
  for (let n = 1; n <= 40; n += 1) await say(house, n, `Said ${n}`, 'dave', large)
  const { next } = await breakOff(house, `${withBodies}&raw=true`, 2)
  const others = await house.send(next, { as: 'dave' })
  assert.equal(linesOf(others.text).length, 38)
  const figures = await eventually('a place', async () => {
    const answer = await house.send(next.replace('&bodies=true&raw=true', ''), { as: 'carol' })
    return answer.status === 200 ? answer : null
  })
  assert.equal(linesOf(figures.text).length, 38)
  const asked = (await audited(house)).filter(({ outcome }) => outcome === 'asked')
  assert.deepEqual(
    asked.map(({ facts }) => facts['resumes'] !== undefined),
    [false, true, true],
  )
})

test('a reader has one export at a time', async t => {
  const house = await conversationsHouse(t)
  for (let n = 1; n <= 60; n += 1) await say(house, n, `Said ${n}`, 'carol', large)
  const headers = { authorization: `Bearer ${await house.token('carol')}`, 'x-gatehouse-reason': 'test' }
  const first = await fetch(`${house.admin.url}${withBodies}&raw=true`, { headers })
  const second = await house.send(withBodies, { as: 'carol' })
  assert.deepEqual([second.status, errorIn(second).code], [429, 'exports_exhausted'])
  assert.equal(linesOf(await first.text()).length, 60)
  const third = await eventually('a place', async () => {
    const answer = await house.send(withBodies, { as: 'carol' })
    return answer.status === 200 ? answer : null
  })
  assert.equal(linesOf(third.text).length, 60)
})
