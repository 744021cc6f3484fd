/**
 * Problems between the gateway and its instances are never the caller's fault: credentials, roles, networks, and what
 * the gateway adds to calls.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { type LogLine, logTo } from '../../packages/gateway/src/log.fixture.ts'
import type { Log } from '../../packages/gateway/src/log.ts'
import type { Backend } from '../support/backend.ts'
import { recordOf } from '../support/records.ts'
import { answering, type JsonAnswer, startTwinBackends, type TwinBackends } from '../support/twin-backends.ts'
import { eventually } from '../support/wait.ts'
import { instanceKey, type Scope } from '../support/world.ts'

const chat = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }
const served: JsonAnswer = {
  body: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4o',
    choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 8, completion_tokens: 1, total_tokens: 9 },
  },
}
const refusing = (status: number, code: string, message: string): JsonAnswer => ({
  status,
  body: { error: { code, message } },
})

/** Answers of instances when the credential, role, network or subscription is wrong. */
const troubles: readonly JsonAnswer[] = [
  refusing(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.'),
  { status: 401, body: { statusCode: 401, message: 'Unauthorized. Access token is missing, invalid, …' } },
  refusing(
    401,
    'PermissionDenied',
    'The principal `1` lacks the required data action `x` to perform `POST /y` operation.',
  ),
  refusing(403, 'AuthenticationTypeDisabled', 'Key based authentication is disabled for this resource.'),
  refusing(403, '403', 'Access denied due to Virtual Network/Firewall rules.'),
  refusing(403, 'Forbidden', 'Public access is disabled. Please configure private endpoint.'),
  refusing(
    403,
    '403',
    'Your resource has been temporarily blocked because we detected behavior that may violate our content policy.',
  ),
  { status: 403, headers: { 'content-type': 'text/html' }, body: '<h1>403 Forbidden</h1>' },
]

function keepingLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  return { log: logTo(line => void lines.push(line)), lines }
}

type Strategy = NonNullable<ConfigInput['pools']>[string]['strategy']

async function twins(t: Scope, more: { readonly strategy?: Strategy; readonly open?: string } = {}) {
  const { log, lines } = keepingLog()
  const twin = await startTwinBackends(t, {
    parts: { log },
    change: config => ({
      ...config,
      instances: Object.fromEntries(
        Object.entries(config.instances).map(([name, one]) => [
          name,
          { ...one, breaker: { open: more.open ?? '10m' } },
        ]),
      ),
      pools: {
        ...config.pools,
        rr: { strategy: more.strategy ?? 'round-robin', members: [{ instance: 'up1' }, { instance: 'up2' }] },
      },
    }),
  })
  for (const backend of [twin.up1, twin.up2]) backend.answer = answering(() => served)
  return { ...twin, lines }
}

function assertNoSecret(lines: readonly LogLine[]): void {
  assert.ok(!JSON.stringify(lines).includes(instanceKey), 'the key is in no log line')
}

const lane = ({ world }: TwinBackends, name = 'up1') =>
  world.house
    .instanceStates()
    .find(one => one.name === name)
    ?.lanes.find(one => one.deployment === 'gpt-4o')

// The caller cannot fix it, and the other member would have served: nothing was billed.
for (const [at, trouble] of troubles.entries()) {
  test(`F4 an instance that refuses the gateway (${at + 1}: ${trouble.status}) fails no caller's call`, async t => {
    const twin = await twins(t)
    const alice = await twin.as({ target: 'main' })
    twin.up1.answer = answering(() => trouble)
    for (let i = 0; i < 20; i += 1) assert.equal((await alice.call('POST', 'chat/completions', chat)).status, 200)
    assert.ok(twin.up1.received.length <= 3, `${twin.up1.received.length} of 20 calls were tried there`)
    assert.deepEqual([lane(twin)?.breaker, lane(twin)?.breakerReason], ['open', 'credential_refused'])
    const told = twin.lines.filter(({ event }) => event === 'credential_refused')
    assert.deepEqual(
      told.map(({ level, fields }) => [level, fields['instance'], fields['deployment'], fields['status']]),
      [['error', 'up1', 'gpt-4o', trouble.status]],
    )
    assertNoSecret(twin.lines)
    const [state] = twin.world.house.instanceStates()
    assert.equal(state?.credentialRefused, true)
    assert.equal(state?.credentialRefusals, twin.up1.received.length)
    const ready = (await (await fetch(`${twin.world.url}/readyz`)).json()) as Record<string, unknown>
    assert.deepEqual([ready['status'], ready['credentialsRefused']], ['ready', 1])
  })
}

test('F4 the record has the refused attempt, and one charge', async t => {
  const twin = await twins(t)
  const alice = await twin.as({ target: 'main' })
  twin.up1.answer = answering(() => troubles[0] as JsonAnswer)
  const answer = await alice.call('POST', 'chat/completions', chat)
  const record = await recordOf(twin.world.house.ledger, answer.requestId)
  assert.deepEqual(
    record.attempts.map(({ instance, status, error }) => [instance, status, error]),
    [
      ['up1', 401, 'credential_refused'],
      ['up2', 200, null],
    ],
  )
  assert.deepEqual([record.outcome, record.instance, record.usage.totalTokens], ['completed', 'up2', 9])
})

// A member that refuses at once is never busy and never slow: every rule that looks for such a member would send it all
// calls.
for (const strategy of ['least-loaded', 'weighted', 'lowest-latency', 'round-robin'] as const) {
  test(`F4 ${strategy}: a member that refuses at once attracts no calls`, async t => {
    const twin = await twins(t, { strategy })
    const alice = await twin.as()
    for (let i = 0; i < 4; i += 1) assert.equal((await alice.call('POST', 'chat/completions', chat)).status, 200)
    const before = twin.up1.received.length
    twin.up1.answer = answering(() => troubles[3] as JsonAnswer)
    const slow = twin.up2.answer
    twin.up2.answer = (request, response) => void setTimeout(() => slow(request, response), 20)
    let left = 60
    const statuses: number[] = []
    const caller = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        statuses.push((await alice.call('POST', 'chat/completions', chat)).status)
      }
    }
    await Promise.all([caller(), caller(), caller(), caller()])
    assert.deepEqual(new Set(statuses), new Set([200]))
    assert.ok(
      twin.up1.received.length - before <= 4,
      `${twin.up1.received.length - before} attempts at the member that refuses`,
    )
  })
}

test("F4 when no member is left the client learns that its token is not the cause, and sees no instance's words", async t => {
  const twin = await twins(t)
  const alice = await twin.as()
  for (const trouble of troubles) {
    for (const backend of [twin.up1, twin.up2]) {
      backend.answer = answering(request => ({
        ...trouble,
        // An instance that echoes what it was sent.
        headers: { ...trouble.headers, 'x-seen': String(request.headers['api-key']) },
      }))
    }
    for (const target of ['up1', 'rr', 'main']) {
      const answer = await (await twin.as({ target })).call('POST', 'chat/completions', chat)
      assert.deepEqual([answer.status, answer.refusal], [503, 'credential_refused'], JSON.stringify(trouble))
      assert.match(JSON.stringify(answer.body), /not your token/)
      const record = await recordOf(twin.world.house.ledger, answer.requestId)
      assert.deepEqual([record.status, record.outcomeCode, record.usage.source], [503, 'credential_refused', 'none'])
    }
  }
  const told = twin.lines.filter(({ event }) => event === 'backend_failed').map(({ fields }) => fields['code'])
  for (const code of ['401', 'PermissionDenied', 'AuthenticationTypeDisabled', 'none'])
    assert.ok(told.includes(code), code)
  const files = await alice.call('GET', 'files')
  assert.deepEqual([files.status, files.refusal], [503, 'credential_refused'], 'lists too')
  assertNoSecret(twin.lines)
})

test('F4 a 429 of the other member is returned, because it says when to retry; a missing deployment is not', async t => {
  const twin = await twins(t)
  const alice = await twin.as({ target: 'main' })
  twin.up1.answer = answering(() => troubles[0] as JsonAnswer)
  twin.up2.answer = answering(() => refusing(404, 'DeploymentNotFound', 'The API deployment does not exist.'))
  const missing = await alice.call('POST', 'chat/completions', chat)
  assert.deepEqual([missing.status, missing.refusal], [503, 'credential_refused'])
  const other = await twins(t)
  other.up1.answer = answering(() => troubles[0] as JsonAnswer)
  other.up2.answer = answering(() => ({ ...refusing(429, '429', 'Please retry'), headers: { 'retry-after': '7' } }))
  const limited = await (await other.as({ target: 'main' })).call('POST', 'chat/completions', chat)
  assert.deepEqual([limited.status, limited.refusal], [429, null])
})

interface MemberAnswer {
  readonly answer: JsonAnswer
  /** How little the answer helps a client when no member serves: the smaller, the better. 0 serves. */
  readonly rank: number
  readonly status: number
  readonly refusal: string | null
}

const anything: fc.Arbitrary<MemberAnswer> = fc.oneof(
  fc.constant({ answer: served, rank: 0, status: 200, refusal: null }),
  fc.constant({ answer: refusing(429, '429', 'Please retry'), rank: 1, status: 429, refusal: null }),
  fc.constant({ answer: refusing(503, 'InternalServerError', 'Busy'), rank: 2, status: 503, refusal: null }),
  fc.constantFrom(...troubles).map(answer => ({ answer, rank: 3, status: 503, refusal: 'credential_refused' })),
  fc.constant({ answer: refusing(404, 'DeploymentNotFound', 'None'), rank: 4, status: 404, refusal: null }),
)

test("F4 whatever two members answer, one that can serve does, and the client sees no refusal of the gateway's credential", async t => {
  const twin = await twins(t)
  const alice = await twin.as()
  let runs = 0
  const property = fc.asyncProperty(anything, anything, async (one, two) => {
    runs += 1
    twin.up1.answer = answering(() => one.answer)
    twin.up2.answer = answering(() => two.answer)
    // New instances, about which nothing is known yet.
    const { config } = twin.world
    const instances = Object.fromEntries(
      Object.entries(config.instances).map(([name, each]) => [name, { ...each, region: `r${runs}` }]),
    )
    twin.world.house.reload({ ...config, instances })
    const best = one.rank <= two.rank ? one : two
    const answer = await alice.call('POST', 'chat/completions', chat)
    assert.deepEqual([answer.status, answer.refusal], [best.status, best.refusal])
  })
  await fc.assert(property, { numRuns: 60 })
  assertNoSecret(twin.lines)
})

test('F4 the member comes back by itself, and the log says so once', async t => {
  const twin = await twins(t, { open: '100ms' })
  const alice = await twin.as({ target: 'main' })
  twin.up1.answer = answering(() => troubles[0] as JsonAnswer)
  for (let i = 0; i < 3; i += 1) assert.equal((await alice.call('POST', 'chat/completions', chat)).status, 200)
  twin.up1.answer = answering(() => served)
  await eventually('it is called again', async () => {
    assert.equal((await alice.call('POST', 'chat/completions', chat)).status, 200)
    return lane(twin)?.breaker === 'closed' ? true : null
  })
  const told = twin.lines.filter(({ event }) => event.startsWith('credential_')).map(({ event }) => event)
  assert.deepEqual(told, ['credential_refused', 'credential_accepted'])
  assert.equal(twin.world.house.instanceStates()[0]?.credentialRefused, false)
})

test("F4 an error about the request stays the caller's, unchanged, and excludes no member", async t => {
  const twin = await twins(t)
  const alice = await twin.as()
  const own: JsonAnswer[] = [
    refusing(403, 'content_policy_violation', 'Your request was rejected by our safety system.'),
    {
      status: 403,
      body: { error: { code: 'denied', message: 'no', innererror: { code: 'ResponsibleAIPolicyViolation' } } },
    },
    { status: 403, body: { error: { code: 'denied', message: 'not yours', param: 'tools[0].vector_store_ids' } } },
  ]
  for (const answer of own) {
    for (const backend of [twin.up1, twin.up2]) backend.answer = answering(() => answer)
    const before = twin.up1.received.length + twin.up2.received.length
    for (let i = 0; i < 5; i += 1) {
      const got = await alice.call('POST', 'chat/completions', chat)
      assert.deepEqual([got.status, got.refusal, got.body], [403, null, answer.body])
    }
    assert.equal(twin.up1.received.length + twin.up2.received.length - before, 5, 'each called once')
  }
  for (const name of ['up1', 'up2']) assert.equal(lane(twin, name)?.breaker, 'closed')
})

test('F4 with the caller’s own token a 401 and a 403 are the caller’s', async t => {
  const twin = await startTwinBackends(t, {
    change: config => ({
      ...config,
      instances: Object.fromEntries(
        Object.entries(config.instances).map(([name, one]) => [name, { ...one, credential: 'caller' as const }]),
      ),
    }),
  })
  const alice = await twin.as({ target: 'main' })
  for (const trouble of troubles.slice(0, 5)) {
    twin.up1.answer = answering(() => trouble)
    const answer = await alice.call('POST', 'chat/completions', chat)
    assert.deepEqual([answer.status, answer.refusal, answer.body], [trouble.status, null, trouble.body])
  }
  assert.equal(twin.up2.received.length, 0)
  assert.equal(lane(twin)?.breaker, 'closed')
})

test('F4 an address that one member does not know is tried on the next one', async t => {
  const twin = await twins(t)
  const alice = await twin.as({ target: 'main' })
  twin.up1.answer = answering(() => refusing(404, '404', 'Resource not found'))
  assert.equal((await alice.call('POST', 'chat/completions', chat)).status, 200)
  twin.up2.answer = twin.up1.answer
  const nowhere = await alice.call('POST', 'chat/completions', chat)
  assert.deepEqual(
    [nowhere.status, nowhere.refusal],
    [404, null],
    "if no member knows it, the version may be the caller's",
  )
  assert.equal(lane(twin)?.breaker, 'closed')
})

test('rule 12: a redirect is never followed, and another member is tried', async t => {
  const twin = await twins(t)
  const alice = await twin.as({ target: 'main' })
  twin.up1.answer = (_request, response) => response.writeHead(307, { location: twin.up2.url }).end()
  const answer = await alice.call('POST', 'chat/completions', chat)
  assert.equal(answer.status, 200)
  const record = await recordOf(twin.world.house.ledger, answer.requestId)
  assert.deepEqual(
    record.attempts.map(({ instance, error }) => [instance, error]),
    [
      ['up1', 'backend_redirected'],
      ['up2', null],
    ],
  )
  twin.up2.answer = twin.up1.answer
  const nowhere = await alice.call('POST', 'chat/completions', chat)
  assert.deepEqual([nowhere.status, nowhere.refusal], [502, 'backend_redirected'])
})

const chunks = [
  '{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"ok"}}]}',
  '{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}',
  '[DONE]',
]

/** Answers like models of other vendors: unknown fields are refused, in their own words. */
function refusesOptions(status: number, words: (name: string) => unknown, name = 'include_usage'): Backend['answer'] {
  return (request, response) => {
    const { stream_options: options } = JSON.parse(request.body) as { stream_options?: Record<string, unknown> }
    if (options !== undefined && (name === 'stream_options' || name in options)) {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(words(name)))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(chunks.map(chunk => `data: ${chunk}\n\n`).join(''))
  }
}

const forms: readonly (readonly [number, (name: string) => unknown])[] = [
  [
    422,
    name => ({
      error: { code: 'Invalid input', message: `[{'type': 'extra_forbidden', 'loc': ('body', '${name}')}]` },
    }),
  ],
  [
    400,
    name => ({ error: { message: `Unrecognized request argument supplied: ${name}`, type: 'invalid_request_error' } }),
  ],
  [400, name => ({ error: { message: 'Unknown parameter.', param: name, code: 'unknown_parameter' } })],
  [
    422,
    name => ({ detail: [{ type: 'extra_forbidden', loc: ['body', name], msg: 'Extra inputs are not permitted' }] }),
  ],
]

test('F5 a deployment that refuses stream_options streams as it would without the gateway, and is tried with them once', async t => {
  for (const [status, words] of forms) {
    const twin = await twins(t)
    for (const backend of [twin.up1, twin.up2]) backend.answer = refusesOptions(status, words, 'stream_options')
    const alice = await twin.as({ target: 'up1' })
    for (let i = 0; i < 3; i += 1) {
      const answer = await alice.call('POST', 'chat/completions', { ...chat, stream: true })
      assert.equal(answer.status, 200)
      assert.match(
        String(answer.body['text']),
        /"usage":\{"prompt_tokens":8/,
        'what the deployment sends by itself stays',
      )
      const record = await recordOf(twin.world.house.ledger, answer.requestId)
      assert.deepEqual([record.usage.source, record.usage.totalTokens], ['reported', 9])
      assert.deepEqual(
        record.attempts.map(attempt => [attempt.instance, attempt.status, attempt.error]),
        i === 0
          ? [
              ['up1', status, 'usage_refused'],
              ['up1', 200, null],
            ]
          : [['up1', 200, null]],
      )
    }
    assert.equal(twin.up1.received.length, 4)
    assert.equal(lane(twin)?.breaker, 'closed')
  }
})

test("F5 the client's own options are forwarded unchanged, and refused unchanged", async t => {
  const twin = await twins(t)
  twin.up1.answer = refusesOptions(400, forms[1]?.[1] as (name: string) => unknown)
  const alice = await twin.as({ target: 'up1' })
  const options = { include_obfuscation: false }
  const fine = await alice.call('POST', 'chat/completions', { ...chat, stream: true, stream_options: options })
  assert.equal(fine.status, 200)
  assert.deepEqual(JSON.parse(twin.up1.received.at(-1)?.body ?? '').stream_options, options)
  const asked = { ...chat, stream: true, stream_options: { include_usage: true } }
  const before = twin.up1.received.length
  const refused = await alice.call('POST', 'chat/completions', asked)
  assert.deepEqual([refused.status, refused.refusal], [400, null])
  assert.equal(twin.up1.received.length, before + 1, 'options of the client are not retried')
})

test('F5 other refusals of a stream come once, byte for byte', async t => {
  const twin = await twins(t)
  const alice = await twin.as({ target: 'up1' })
  const word = fc.stringMatching(/^[a-z_ .]{0,40}$/).filter(text => !/stream.?options|include.?usage/i.test(text))
  const error = fc.record({ message: word, code: fc.option(word), param: fc.option(word) }, { noNullPrototype: true })
  const property = fc.asyncProperty(fc.constantFrom(400, 422), error, async (status, body) => {
    twin.up1.answer = answering(() => ({ status, body: { error: body } }))
    const before = twin.up1.received.length
    const answer = await alice.call('POST', 'chat/completions', { ...chat, stream: true })
    assert.deepEqual([answer.status, answer.body], [status, { error: body }])
    assert.equal(twin.up1.received.length, before + 1)
  })
  await fc.assert(property, { numRuns: 40 })
})
