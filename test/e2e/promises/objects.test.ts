/**
 * Objects belong to the workload that created them and live on one instance: only that workload can find them again.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Running, runWorld } from '../../support/file-world.ts'
import { type Answered, idsOf, ok, type Person, type PersonOptions, person } from '../../support/objects.ts'
import { recordOf } from '../../support/records.ts'
import { instanceKey, reopen, startWorld, type World } from '../../support/world.ts'

const first = 'dev-openai-instance-1'
const second = 'dev-openai-instance-2'

let world: World & Running
let alice: Person
let bob: Person
const as = (options: PersonOptions = {}): Promise<Person> => person(world, options)
before(async () => {
  world = await runWorld({
    // The bill counts calls here: on a busy machine the gateway would ask for the end of a batch in between.
    change: config => ({ ...config, objects: { ...config.objects, followUp: { first: '1h', every: '1h' } } }),
  })
  alice = await as()
  bob = await as({ as: 'bob', workload: 'code-assistant' })
})
after(() => world.close())

const calls = (): number => world.one.bill().length + world.two.bill().length
const messageOf = (answer: Answered): string => (answer.body['error'] as { message: string }).message

const respond = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  model: 'gpt-4o',
  input: 'Who approves my travel expenses?',
  max_output_tokens: 16,
  ...more,
})

/** Creates one object of each kind, owned by Alice. */
async function makeAll(by: Person): Promise<Readonly<Record<string, string>>> {
  const lines = JSON.stringify({
    custom_id: 'a',
    method: 'POST',
    url: '/chat/completions',
    body: { model: 'gpt-4o', messages: [] },
  })
  const input = (await ok(by.upload(lines, 'batch'))).id
  const response = await ok(by.call('POST', 'responses', respond()))
  return {
    file: input,
    response: response.id,
    item: (response.body['output'] as { id: string }[])[0]?.id ?? '',
    batch: (
      await ok(
        by.call('POST', 'batches', { input_file_id: input, endpoint: '/chat/completions', completion_window: '24h' }),
      )
    ).id,
    store: (await ok(by.call('POST', 'vector_stores', { name: 'policies', file_ids: [input] }))).id,
    conversation: (await ok(by.call('POST', 'conversations', {}))).id,
  }
}

/** Every way to reach an object by a known id. */
function intrusions(id: Readonly<Record<string, string>>): readonly (readonly [string, string, unknown?])[] {
  const { file, response, item, batch, store, conversation } = id
  const text = { type: 'input_text', text: 'What does it say?' }
  const content = (part: unknown): unknown => respond({ input: [{ role: 'user', content: [text, part] }] })
  return [
    ['GET', `responses/${response}`],
    ['DELETE', `responses/${response}`],
    ['GET', `responses/${response}/input_items`],
    ['POST', `responses/${response}/cancel`, {}],
    ['POST', 'responses', respond({ previous_response_id: response })],
    ['POST', 'responses', respond({ input: [{ type: 'item_reference', id: item }] })],
    ['POST', 'responses', respond({ input: [{ id: item }] })],
    ['POST', 'responses', respond({ conversation })],
    ['POST', 'responses', respond({ conversation: { id: conversation } })],
    ['POST', 'responses', respond({ tools: [{ type: 'file_search', vector_store_ids: [store] }] })],
    [
      'POST',
      'responses',
      respond({ tools: [{ type: 'code_interpreter', container: { type: 'auto', file_ids: [file] } }] }),
    ],
    ['POST', 'responses', content({ type: 'input_file', file_id: file })],
    ['POST', 'responses', content({ type: 'input_image', file_id: file })],
    [
      'POST',
      'chat/completions',
      { model: 'gpt-4o', messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: file } }] }] },
    ],
    ['GET', `files/${file}`],
    ['GET', `files/${file}/content`],
    ['DELETE', `files/${file}`],
    ['GET', `batches/${batch}`],
    ['POST', `batches/${batch}/cancel`],
    ['POST', 'batches', { input_file_id: file, endpoint: '/chat/completions', completion_window: '24h' }],
    ['GET', `vector_stores/${store}`],
    ['POST', `vector_stores/${store}`, { name: 'mine now' }],
    ['POST', `vector_stores/${store}/search`, { query: 'policy' }],
    ['GET', `vector_stores/${store}/files`],
    ['GET', `vector_stores/${store}/files/${file}/content`],
    ['DELETE', `vector_stores/${store}`],
    ['POST', 'vector_stores', { name: 'x', file_ids: [file] }],
    ['GET', `conversations/${conversation}`],
    ['GET', `conversations/${conversation}/items`],
    ['POST', `conversations/${conversation}/items`, { items: [] }],
    ['DELETE', `conversations/${conversation}`],
    ['GET', `files?after=${file}`],
  ]
}

// With one shared credential an instance shows every object to every caller: one team's contracts would reach another
// team's context.
test('another workload gets 404 for every way to an object, in the same words as for one that does not exist', async () => {
  const ids = await makeAll(alice)
  const nobodys = Object.fromEntries(Object.entries(ids).map(([kind, id]) => [kind, `${id.slice(0, -4)}0000`]))
  const before = calls()
  const absent = intrusions(nobodys)
  for (const [at, [method, path, body]] of intrusions(ids).entries()) {
    const what = `${method} ${path} ${JSON.stringify(body)}`
    const answer = await bob.call(method, path, body)
    assert.deepEqual([answer.status, answer.refusal], [404, 'object_unknown'], what)
    const [otherMethod, otherPath, otherBody] = absent[at] ?? ['', '']
    const other = await bob.call(otherMethod, otherPath, otherBody)
    const plain = (one: Answered): string => messageOf(one).replace(/"[\w-]+"/, '"ID"')
    assert.deepEqual([other.status, other.refusal, plain(other)], [404, 'object_unknown', plain(answer)], what)
    const record = await recordOf(world.house.ledger, answer.requestId)
    assert.deepEqual([record.outcome, record.outcomeCode], ['refused', 'object_unknown'])
  }
  assert.equal(calls(), before, 'no instance received a call')
  for (const [method, path, body] of intrusions(ids).filter(([each]) => each === 'GET')) {
    assert.equal((await alice.call(method, path, body)).status, 200, `${method} ${path} is the owner's to use`)
  }
})

// JSON can express the same thing in many ways; where two parsers differ, a check can be bypassed.
test('a reference cannot be hidden by escapes, a second key, depth or space', async () => {
  const { id } = await ok(alice.upload('secret'))
  const own = (await ok(bob.upload('mine'))).id
  const part = (member: string): string =>
    `{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_file",${member}}]}]}`
  const bodies = [
    part(`"file\\u005fid":"${id}"`),
    part(`"\\u0066ile_id":"${id}"`),
    part(`"file_id":"${id}","file_id":"${own}"`),
    part(`"file_id":"${own}","file_id":"${id}"`),
    part(`"file_id"\n\t:\r\n "${id}"`),
    part(`"file_id":"${id.replace('-', '\\u002d')}"`),
    part(`"a":${'['.repeat(60)}{"file_id":"${id}"}${']'.repeat(60)}`),
    `{"model":"gpt-4o","input":"x","previous\\u005fresponse_id":"resp_1"}`,
  ]
  for (const body of bodies) {
    const answer = await bob.call('POST', 'responses', body)
    assert.deepEqual([answer.status, answer.refusal], [404, 'object_unknown'], body)
  }
  const utf16 = Buffer.from(JSON.stringify({ file_ids: [id] }), 'utf16le').toString('latin1')
  assert.equal((await bob.call('POST', 'vector_stores', utf16)).refusal, 'body_not_json')
})

test('an id that is only quoted is no reference: in metadata, annotations, schemas and texts', async () => {
  const quoted = respond({
    metadata: { file_id: 'file-of-somebody' },
    input: [
      { role: 'user', content: 'My file_id is "file-of-somebody", previous_response_id too.' },
      {
        type: 'message',
        role: 'assistant',
        id: 'msg_earlier',
        content: [{ type: 'output_text', text: 'x', annotations: [{ type: 'file_citation', file_id: 'file-gone' }] }],
      },
    ],
    tools: [
      {
        type: 'function',
        name: 'f',
        parameters: { type: 'object', properties: { file_id: { type: 'string' } }, examples: [{ file_id: 'x' }] },
      },
    ],
  })
  await ok(bob.call('POST', 'responses', quoted))
})

// Without this, clients of a pool lose a third of their files, and clients of two replicas half of their conversations.
test('an object made on one member is found through the pool, and calls that use it go to that member', async () => {
  const onSecond = await as({ target: second })
  const file = await ok(onSecond.upload('on the second'))
  const response = await ok(onSecond.call('POST', 'responses', respond()))
  for (let i = 0; i < 3; i += 1) {
    await ok(alice.call('GET', `files/${file.id}`))
    const next = await ok(alice.call('POST', 'responses', respond({ previous_response_id: response.id })))
    assert.equal((await recordOf(world.house.ledger, next.requestId)).instance, second)
    const item = (next.body['output'] as { id: string }[])[0]?.id
    await ok(
      alice.call(
        'POST',
        'responses',
        respond({
          input: [
            { type: 'item_reference', id: item },
            { role: 'user', content: 'Why?' },
          ],
        }),
      ),
    )
  }
  const store = await ok(alice.call('POST', 'vector_stores', { file_ids: [file.id] }))
  const conversation = await ok(onSecond.call('POST', 'conversations', { metadata: { a: 'b' } }))
  await ok(
    alice.call(
      'POST',
      'responses',
      respond({ conversation: conversation.id, tools: [{ type: 'file_search', vector_store_ids: [store.id] }] }),
    ),
  )
  const items = await ok(alice.call('GET', `conversations/${conversation.id}/items`))
  assert.equal(idsOf(items).length, 2)
})

test('objects on different instances, or on none of the target, are refused with advice', async () => {
  const onFirst = await as({ target: first })
  const onSecond = await as({ target: second })
  const [one, two] = [await ok(onFirst.upload('1')), await ok(onSecond.upload('2'))]
  const apart = await alice.call('POST', 'vector_stores', { file_ids: [one.id, two.id] })
  assert.deepEqual([apart.status, apart.refusal], [400, 'objects_apart'])
  assert.ok(messageOf(apart).includes(one.id) && messageOf(apart).includes(two.id))
  const elsewhere = await onFirst.call('GET', `files/${two.id}`)
  assert.deepEqual([elsewhere.status, elsewhere.refusal], [400, 'object_elsewhere'])
  assert.match(messageOf(elsewhere), /dev-openai-instance-2.*call "main", "dev-openai-instance-2" instead/)
})

// The client chooses the ids in its input: if an instance's echo of an id made its sender the owner, any object could
// be claimed.
test('a workload does not become the owner of an object by making an instance echo its id', async () => {
  const response = await ok(alice.call('POST', 'responses', respond()))
  const item = (response.body['output'] as { id: string }[])[0]?.id
  const claimed = { type: 'message', role: 'user', content: 'Hello', id: item }
  const conversation = await ok(bob.call('POST', 'conversations', {}))
  for (const [path, body] of [
    ['responses', respond({ input: [claimed] })],
    [`conversations/${conversation.id}/items`, { items: [claimed] }],
  ] as const) {
    const refused = await bob.call('POST', path, body)
    assert.deepEqual([refused.status, refused.refusal], [404, 'object_unknown'], path)
  }
  // An id that was never created passes together with its content, and has no owner afterwards.
  const early = { ...claimed, id: 'msg_that_nobody_has_made' }
  const echo = await ok(bob.call('POST', 'responses', respond({ input: [early] })))
  await ok(bob.call('GET', `responses/${echo.id}/input_items`))
  await ok(bob.call('POST', `conversations/${conversation.id}/items`, { items: [early] }))
  await ok(bob.call('GET', `conversations/${conversation.id}/items`))
  await ok(alice.call('POST', 'responses', respond({ input: [early] })))
  const answer = await bob.call('POST', 'responses', respond({ input: [{ type: 'item_reference', id: item }] }))
  assert.equal(answer.refusal, 'object_unknown')
  await ok(alice.call('POST', 'responses', respond({ input: [{ type: 'item_reference', id: item }] })))
})

// An upload's content is not parsed: a body of another type could name any object.
test('an upload whose body is not a form is refused', async () => {
  const { id } = await ok(alice.upload('secret'))
  for (const path of ['files', 'images/edits']) {
    const answer = await bob.call('POST', path, { model: 'gpt-4o', images: [{ file_id: id }] })
    assert.deepEqual([answer.status, answer.refusal], [415, 'body_type'], path)
  }
})

// Otherwise a client that polls would pay for the same answer with every poll, and one that does not poll would pay
// nothing.
test('P1 the usage of a background response is counted once, when its end is seen', async t => {
  const own = await startWorld(t)
  const by = await person(own)
  const tokensOf = async ({ requestId }: Answered): Promise<number> => {
    const { usage, cost } = await recordOf(own.house.ledger, requestId)
    assert.equal(cost === null, usage.totalTokens === null, 'what is counted has its price')
    return usage.totalTokens ?? 0
  }
  const begun = await ok(by.call('POST', 'responses', respond({ background: true })))
  assert.deepEqual([begun.body['status'], await tokensOf(begun)], ['queued', 0])
  const looks: Answered[] = []
  for (let i = 0; i < 4; i += 1) looks.push(await ok(by.call('GET', `responses/${begun.id}`)))
  const [, finished] = looks
  assert.ok(finished)
  const used = (finished.body['usage'] as { total_tokens: number }).total_tokens
  const counted: number[] = []
  for (const look of looks) counted.push(await tokensOf(look))
  assert.deepEqual(counted, [0, used, 0, 0])
  const billed = [...own.one.bill(), ...own.two.bill()].reduce((sum, l) => sum + l.promptTokens + l.completionTokens, 0)
  assert.equal(billed, used)
  const plain = await ok(by.call('POST', 'responses', respond()))
  assert.ok((await tokensOf(plain)) > 0)
  assert.equal(await tokensOf(await ok(by.call('GET', `responses/${plain.id}`))), 0)
})

test('the list of models shows what the workload may use there, without a call to an instance', async () => {
  const before = calls()
  assert.deepEqual(idsOf(await ok(alice.call('GET', 'models'))), ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small'])
  const models = await ok(bob.call('GET', 'models'))
  assert.deepEqual(idsOf(models), ['gpt-4o', 'gpt-4o-mini'])
  assert.equal((await ok(bob.call('GET', 'models/gpt-4o'))).id, 'gpt-4o')
  const other = await bob.call('GET', 'models/text-embedding-3-small')
  assert.deepEqual([other.status, other.refusal], [403, 'deployment_not_allowed'])
  assert.equal(calls(), before)
  const record = await recordOf(world.house.ledger, models.requestId)
  assert.deepEqual(
    [record.outcome, record.status, record.operation, record.instance],
    ['completed', 200, 'models', null],
  )
  assert.ok((record.responseBytes ?? 0) > 50)
})

test('new objects are created on the first member, and on another one while it is unreachable', async t => {
  const own = await startWorld(t)
  const by = await person(own)
  const instanceOf = async (answer: Answered): Promise<string | null> =>
    (await recordOf(own.house.ledger, (await ok(Promise.resolve(answer))).requestId)).instance
  for (let i = 0; i < 3; i += 1) assert.equal(await instanceOf(await by.call('POST', 'conversations', {})), first)
  await own.one.close()
  const made = await by.call('POST', 'conversations', {})
  assert.equal(await instanceOf(made), second)
  await ok(by.call('GET', `conversations/${made.id}`))
})

// SDKs cancel and poll a response as soon as its first event has arrived.
test('a response can be retrieved from its first event on', async () => {
  const token = await world.token('alice')
  const answer = await fetch(`${world.url}/main/hr-bot/openai/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(respond({ stream: true })),
  })
  const seen: string[] = []
  for await (const chunk of answer.body ?? []) {
    const id = /"id":"(resp_\w+)"/.exec(Buffer.from(chunk).toString())?.[1]
    if (id === undefined || seen.includes(id)) continue
    seen.push(id)
    assert.notEqual((await alice.call('GET', `responses/${id}`)).refusal, 'object_unknown')
    assert.equal((await bob.call('GET', `responses/${id}`)).refusal, 'object_unknown')
  }
  assert.equal(seen.length, 1)
  await ok(alice.call('POST', 'responses', respond({ previous_response_id: seen[0] })))
})

test('an object that is not stored is not remembered, and a deleted one has no owner', async () => {
  const unkept = await ok(alice.call('POST', 'responses', respond({ store: false })))
  assert.equal((await alice.call('GET', `responses/${unkept.id}`)).refusal, 'object_unknown')
  const file = await ok(alice.upload('short-lived'))
  await ok(alice.call('DELETE', `files/${file.id}`))
  assert.equal((await alice.call('GET', `files/${file.id}`)).refusal, 'object_unknown')
  const response = await ok(alice.call('POST', 'responses', respond()))
  await ok(alice.call('DELETE', `responses/${response.id}`))
  assert.equal((await alice.call('GET', `responses/${response.id}`)).refusal, 'object_unknown')
})

// A batch that runs overnight must not be lost because the gateway was updated in the morning.
test('after a restart the workload finds its objects, including answers of batches, and others still do not', async t => {
  const own = await startWorld(t)
  const a = await person(own)
  const ids = await makeAll(await person(own, { target: second }))
  const outputOf = async (by: Person): Promise<string> => {
    for (;;) {
      const { body } = await ok(by.call('GET', `batches/${ids['batch']}`))
      const output = body['output_file_id'] ?? body['error_file_id']
      if (typeof output === 'string') return output
    }
  }
  const output = await outputOf(a)
  await ok(a.call('GET', `files/${output}/content`))
  await own.house.close()
  const house = await reopen(t, own)
  const again = await person(own, { house })
  const stranger = await person(own, { house, as: 'bob', workload: 'code-assistant' })
  const paths = [
    `responses/${ids['response']}`,
    `files/${output}/content`,
    `files/${ids['file']}`,
    `batches/${ids['batch']}`,
    `vector_stores/${ids['store']}`,
    `conversations/${ids['conversation']}`,
  ]
  for (const path of paths) {
    assert.equal((await stranger.call('GET', path)).refusal, 'object_unknown', path)
    await ok(again.call('GET', path))
  }
  assert.deepEqual(idsOf(await ok(again.call('GET', 'batches'))), [ids['batch']])
})

test('objects not created through the gateway are refused, or open to all that may use the target, as configured', async t => {
  const open = await startWorld(t, { change: config => ({ ...config, objects: { unknown: 'allow' } }) })
  const direct = await fetch(`${open.one.url}/openai/v1/responses`, {
    method: 'POST',
    headers: { 'api-key': instanceKey, 'content-type': 'application/json' },
    body: JSON.stringify(respond()),
  })
  const { id } = (await direct.json()) as { id: string }
  const [a, b] = [await person(open), await person(open, { as: 'bob', workload: 'code-assistant' })]
  for (const by of [a, b]) await ok(by.call('GET', `responses/${id}`))
  const made = await ok(a.call('POST', 'responses', respond()))
  assert.equal(
    (await b.call('GET', `responses/${made.id}`)).refusal,
    'object_unknown',
    'a known object still has its owner',
  )
  assert.equal((await alice.call('GET', `responses/${id}`)).refusal, 'object_unknown', 'refused by default')
})
