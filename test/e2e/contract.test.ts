/**
 * The contract of the first system of this kind (API Management with policies in XML, an Event Hub, Data Explorer),
 * without its twelve defects. Each test is named by the defect's number; its comment says what was wrong there and who
 * suffered.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { AzureOpenAI } from 'openai'
import { callerKey } from '../../packages/gateway/src/identity/caller.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { startBackend } from '../support/backend.ts'
import { type Running, runWorld } from '../support/file-world.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { recordOf, settledRecords } from '../support/records.ts'
import { assertRefused } from '../support/refused.ts'
import { startServedWorld } from '../support/served.ts'
import { collect } from '../support/wait.ts'
import { apiVersion, ask, startWorld, type World } from '../support/world.ts'

let world: World & Running
before(async () => {
  world = await runWorld()
})
after(() => world.close())

/** URL of that system: /{backend}/{workload}/openai/deployments/{deployment}/{operation}?api-version=... */
const address = (operation: string, workload = 'hr-bot', deployment = 'gpt-4o'): string =>
  `/main/${workload}/openai/deployments/${deployment}/${operation}?api-version=2024-10-21`

async function call(
  target: string,
  body: unknown,
  headers: Readonly<Record<string, string>> | null = null,
): Promise<RawAnswer> {
  const credential = headers ?? { Authorization: `Bearer ${await world.token('alice')}` }
  const all = { 'Content-Type': 'application/json', ...credential }
  return send(world.url, { target, headers: Object.entries(all), body: JSON.stringify(body) })
}

const idOf = (answer: RawAnswer): string | undefined => answer.headers['x-gatehouse-request-id']
const chat = { messages: ask('How many days of leave do I have?') }

// There: a stream is not one JSON document, so logging it failed the call. It hurt all users who showed answers as they
// arrived.
test('D1 a streaming call succeeds and is recorded with its text and exact tokens', async () => {
  const openai = new AzureOpenAI({
    endpoint: `${world.url}/main/hr-bot`,
    apiVersion,
    azureADTokenProvider: () => world.token('alice'),
  })
  const { data, response } = await openai.chat.completions
    .create({ model: 'gpt-4o', ...chat, stream: true })
    .withResponse()
  const chunks = await collect(data)
  const text = chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')
  assert.ok(text.length > 0)
  const id = response.headers.get('x-gatehouse-request-id')
  const record = await recordOf(world.house.ledger, id)
  assert.deepEqual([record.outcome, record.stream, record.usage.source], ['completed', true, 'reported'])
  const bills = [...world.one.bill(), ...world.two.bill()]
  const bill = bills.find(line => line.gatehouseRequestId === id)
  assert.deepEqual(
    [record.usage.promptTokens, record.usage.completionTokens],
    [bill?.promptTokens, bill?.completionTokens],
  )
  const bodies = await world.house.ledger.bodies(String(id))
  const recorded = Buffer.from(bodies?.response ?? []).toString()
  const frames = recorded.split('\n\n').filter(frame => frame.startsWith('data: {'))
  const parsed = frames.map(frame => JSON.parse(frame.slice(6)) as (typeof chunks)[number])
  assert.equal(parsed.map(chunk => chunk.choices[0]?.delta.content ?? '').join(''), text)
})

// There: embeddings have no completion_tokens, so logging them failed the call. It hurt all users who built a search.
test('D2 embeddings succeed and are recorded with their tokens', async () => {
  const answer = await call(address('embeddings', 'hr-bot', 'text-embedding-3-small'), { input: 'leave and payroll' })
  assert.equal(answer.status, 200)
  const { usage } = JSON.parse(answer.body.toString()) as { usage: { prompt_tokens: number } }
  const record = await recordOf(world.house.ledger, idOf(answer))
  assert.equal(record.usage.source, 'reported')
  assert.equal(record.usage.promptTokens, usage.prompt_tokens)
  assert.equal(record.usage.completionTokens ?? 0, 0)
})

// There: an error has no usage, so logging hid the real one and its Retry-After. It hurt every client that would have
// waited.
test('D3 errors of the backend reach the client unchanged, with their Retry-After', async () => {
  const token = await world.token('alice')
  for (const [fault, status] of [
    ['429;retry-after=9;retry-after-ms=8500', 429],
    ['content-filter', 400],
    ['404', 404],
  ] as const) {
    const headers = { Authorization: `Bearer ${token}`, 'x-simulator-fault': fault }
    // An instance by its own name: a pool would try its other member first.
    const answer = await call(address('chat/completions').replace('/main/', '/dev-openai-instance-1/'), chat, headers)
    assert.equal(answer.status, status)
    assert.ok(JSON.parse(answer.body.toString()).error.code)
    assert.equal(answer.headers['x-gatehouse-refusal'], undefined)
    if (status === 429) {
      assert.equal(answer.headers['retry-after'], '9')
      assert.equal(answer.headers['retry-after-ms'], '8500')
    }
    const record = await recordOf(world.house.ledger, idOf(answer))
    assert.deepEqual([record.outcome, record.status], ['completed', status])
  }
})

// There: only v1 issuers and one audience. It hurt all users with an app registration, and every SDK that requests
// ai.azure.com.
test('D4 tokens of version 1 and 2, and both audiences of Azure beside a custom one, are accepted', async t => {
  const { appId: ownApi = '' } = demoDirectory.registrations[0] ?? {}
  const alice = demoDirectory.people.find(person => person.name === 'alice')?.objectId ?? ''
  const wide = await startWorld(t, {
    change: config => ({
      ...config,
      identity: {
        entra: {
          ...config.identity.entra,
          audiences: ['https://cognitiveservices.azure.com', 'https://ai.azure.com', ownApi],
        },
      },
      // Bound by user: a token for Azure's own audience lists no groups.
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [name, { ...workload, callers: [{ user: alice }] }]),
      ),
    }),
  })
  for (const request of [
    { audience: 'https://cognitiveservices.azure.com', version: '1.0' },
    { audience: 'https://cognitiveservices.azure.com/', version: '1.0' },
    { audience: 'https://ai.azure.com', version: '1.0' },
    { audience: 'https://ai.azure.com', version: '2.0' },
    { audience: ownApi, version: '2.0' },
  ] as const) {
    const token = await wide.entra.token({ as: 'alice', ...request })
    const answer = await send(wide.url, {
      target: address('chat/completions'),
      headers: [
        ['Authorization', `Bearer ${token}`],
        ['Content-Type', 'application/json'],
      ],
      body: JSON.stringify(chat),
    })
    assert.equal(answer.status, 200, `${JSON.stringify(request)}: ${answer.body}`)
    const record = await recordOf(wide.house.ledger, idOf(answer))
    assert.equal(record.callerObjectId, demoDirectory.people[0]?.objectId)
  }
})

// There: the workload was in the URL and bound to no caller. It hurt every team whose budget a stranger could spend.
test('D5 a workload is bound to its callers: no other caller can bill it', async () => {
  const { ledger } = world.house
  await assertRefused(ledger, await call(address('chat/completions', 'code-assistant'), chat), 'caller_not_bound')
  const dave = { Authorization: `Bearer ${await world.token('dave')}` }
  await assertRefused(ledger, await call(address('chat/completions'), chat, dave), 'caller_not_bound')
  const named = { Authorization: `Bearer ${await world.token('alice')}`, 'x-gatehouse-workload': 'code-assistant' }
  const short = `/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`
  await assertRefused(ledger, await call(short, chat, named), 'caller_not_bound')
})

// There: identity was the display name, which people can change and share. It hurt people who had to answer for
// another's calls.
test('D6 a caller is tenant and object id; a name is display only', async () => {
  const forged = await world.entra.token({
    as: 'alice',
    claims: { name: 'Carol Castillo', upn: 'carol@contoso.example', unique_name: 'carol@contoso.example' },
  })
  const answer = await call(address('chat/completions'), chat, { Authorization: `Bearer ${forged}` })
  const record = await recordOf(world.house.ledger, idOf(answer))
  const alice = demoDirectory.people.find(person => person.name === 'alice')
  assert.equal(record.callerObjectId, alice?.objectId)
  const key = callerKey({
    kind: 'user',
    tenantId: demoDirectory.tenantId,
    objectId: alice?.objectId ?? '',
    appId: null,
  })
  const report = await world.house.ledger.usage({ by: ['caller'] })
  assert.ok(report.lines.some(line => line.callerKey === key))
  assert.ok(!report.lines.some(line => line.callerKey?.includes('ca401000')), 'no line for the name she took')
  const other = await call(address('chat/completions', 'code-assistant'), chat, { Authorization: `Bearer ${forged}` })
  await assertRefused(world.house.ledger, other, 'caller_not_bound')
})

// There: the api-key header was forwarded to the backend beside Authorization. It hurt every caller whose token was in
// that backend's logs.
test('D7 a token in api-key is accepted and not forwarded', async t => {
  const backend = await startBackend(t)
  const own = await startWorld(t, {
    change: config => ({
      ...config,
      instances: Object.fromEntries(
        Object.entries(config.instances).map(([name, one]) => [name, { ...one, endpoint: backend.url }]),
      ),
    }),
  })
  const token = await own.token('alice')
  for (const _ of own.config.pools['main']?.members ?? []) {
    const headers = [
      ['api-key', token],
      ['Content-Type', 'application/json'],
    ] as const
    const answer = await send(own.url, { target: address('chat/completions'), headers, body: JSON.stringify(chat) })
    assert.equal(answer.status, 200)
  }
  assert.equal(backend.received.length, 2, 'one call to each instance')
  for (const { rawHeaders, headers } of backend.received) {
    assert.ok(!rawHeaders.some(value => value.includes(token)))
    assert.equal(Number('api-key' in headers) + Number('authorization' in headers), 1, 'one credential')
  }
})

// There: calls that failed or were denied left no trace. It hurt those who had to find out who had tried what.
test('D8 refused, failed and denied calls are recorded like the others', async () => {
  const before = (await settledRecords(world.house)).length
  await call(address('chat/completions'), chat, {})
  await call(address('chat/completions', 'code-assistant'), chat)
  await call('/nowhere', chat)
  const cut = { Authorization: `Bearer ${await world.token('alice')}`, 'x-simulator-fault': 'cut;after=0' }
  await call(address('chat/completions'), chat, cut).catch(() => null)
  const records = await settledRecords(world.house)
  assert.equal(records.length - before, 4)
  const codes = records.slice(0, 4).map(record => record.outcomeCode)
  assert.deepEqual(codes.slice(1).toReversed(), ['token_missing', 'caller_not_bound', 'route_unknown'])
  assert.equal(records[0]?.outcome, 'failed')
})

// There: events were cut at 200 KB, as JSON inside strings, so that the cut ones could not be read. It hurt every
// audit.
test('D9 long bodies are stored whole, as the bytes that passed', async () => {
  const long = `Summarise this: ${'The policy of travel expenses is long. '.repeat(9_000)}`
  assert.ok(long.length > 300_000)
  const body = JSON.stringify({ messages: ask(long), max_tokens: 20 })
  const headers = { Authorization: `Bearer ${await world.token('alice')}`, 'Content-Type': 'application/json' }
  const answer = await send(world.url, { target: address('chat/completions'), headers: Object.entries(headers), body })
  assert.equal(answer.status, 200, answer.body.toString().slice(0, 300))
  await recordOf(world.house.ledger, idOf(answer))
  const bodies = await world.house.ledger.bodies(String(idOf(answer)))
  assert.equal(Buffer.from(bodies?.request ?? []).toString(), body)
  assert.deepEqual(Buffer.from(bodies?.response ?? []), answer.body)
})

// There: root connection strings, a table, a mapping and a data connection made by hand, and no telemetry. It hurt the
// engineers who set it up.
test('D10 a ledger needs no connection string and no manual step', async t => {
  const served = await startServedWorld(t)
  // The folder contains only a configuration file; the first call is in a report right after.
  const gateway = await served.serve()
  const answer = await send(gateway.url, {
    target: address('chat/completions'),
    headers: [
      ['Authorization', `Bearer ${await served.token('alice')}`],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify(chat),
  })
  assert.equal(answer.status, 200)
  const report = await fetch(`${gateway.adminUrl}/api/v1/usage?by=workload`, {
    headers: { authorization: `Bearer ${await served.token('carol')}` },
  })
  assert.equal(report.status, 200)
  assert.match(await report.text(), /hr-bot/)
  assert.equal(await gateway.stop(), 0)
  const reference = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  // Feeds may ship records to where a connection string is needed. The ledger works without them.
  const [, ledger = ''] = /^### `ledger`$(.*?)^### `feeds/ms.exec(reference) ?? []
  assert.match(ledger, /`directory`/)
  assert.doesNotMatch(ledger, /connection ?string|SharedAccessKey|RootManage/i)
})

// There: the description was fetched from somebody's gist at deployment. It hurt those who deployed on the day it
// changed.
test('D11 the description of the API comes from the gateway itself', async () => {
  const answer = await send(world.url, { target: '/openapi.json' })
  const { paths } = JSON.parse(answer.body.toString()) as { paths: Record<string, unknown> }
  assert.ok(paths['/{target}/{workload}/openai/deployments/{deployment}/chat/completions'])
  const source = await readFile(new URL('../../packages/gateway/src/gateway/pages/openapi.ts', import.meta.url), 'utf8')
  assert.doesNotMatch(source, /https?:\/\/|fetch\(|readFile/, 'it is made only from the table of operations')
})

// There: a short path crashed the parser, and files, responses and images did not exist. It hurt all users who needed
// more than chat.
test('D12 short paths are refused with a message, and the other operations exist', async () => {
  const { ledger } = world.house
  for (const target of ['/', '/main', '/main/hr-bot', '/main/hr-bot/openai']) {
    const answer = await call(target, chat)
    await assertRefused(ledger, answer, 'route_unknown')
  }
  const get = async (target: string): Promise<number> =>
    (await send(world.url, { target, headers: [['Authorization', `Bearer ${await world.token('alice')}`]] })).status
  assert.equal(await get(`/main/hr-bot/openai/files?api-version=${apiVersion}`), 200)
  assert.equal(await get(`/main/hr-bot/openai/models?api-version=${apiVersion}`), 200)
  const answer = await call('/main/hr-bot/openai/v1/responses', { model: 'gpt-4o', input: 'Hello' })
  assert.equal(answer.status, 200)
})
