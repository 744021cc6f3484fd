import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ObjectsUnavailable, type Owner } from '../../../objects/index.ts'
import type { Reference } from '../../../wire/references.ts'
import { authenticatedOf, type CallOptions, person, samplePlan } from '../../exchange.fixture.ts'
import { type Authenticated, noteGrant, noteRequest, type Received } from '../../exchange.ts'
import { findGrant } from '../3-authorize/grant.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'
import { requestWithoutBody } from '../4-receive/request.ts'
import { type LocateParts, locate } from './index.ts'

const owners: Readonly<Record<string, Owner>> = {
  resp_one: { workload: 'people', instance: 'one' },
  resp_two: { workload: 'people', instance: 'two' },
  resp_three: { workload: 'people', instance: 'three' },
  resp_others: { workload: 'both', instance: 'two' },
}

function partsOf(change: Partial<LocateParts> = {}): LocateParts {
  return {
    objects: {
      ownerOf: id => owners[id] ?? null,
      known: ids => new Map(ids.flatMap(id => (owners[id] === undefined ? [] : [[id, owners[id]] as const]))),
    },
    followUps: { openDebt: () => null },
    unknownObjects: 'refuse',
    encryptedReasoning: 'pin',
    ...change,
  }
}

/** A call of workload `people` on pool `main`, which has the members `one` and `two`. */
function receivedOf(options: CallOptions & { readonly request?: Partial<ReceivedRequest> } = {}): Received {
  const { request = {}, ...call } = options
  const exchange: Authenticated = authenticatedOf({ url: '/main/people/openai/v1/responses', ...call })
  noteGrant(exchange, findGrant(person, exchange.route, exchange.route.workload, samplePlan))
  noteRequest(exchange, { ...requestWithoutBody('gpt-4o'), send: Buffer.from('{}'), ...request })
  return exchange
}

function reference(id: string, change: Partial<Reference> = {}): Reference {
  return { id, kind: 'response', param: 'previous_response_id', echoed: false, ...change }
}

async function homeOf(exchange: Received, parts: LocateParts = partsOf()): Promise<string | null> {
  return (await locate(exchange, parts)).home?.instance ?? null
}

test('a call that names no object may go anywhere, and nothing is waited for', () => {
  const exchange = receivedOf()
  const located = locate(exchange, partsOf({ objects: { ownerOf: () => assert.fail(), known: () => assert.fail() } }))
  assert.equal(located, exchange, 'at once, and it is the same object')
  assert.equal(exchange.home, null)
})

test('a call goes to the instance that has the objects of its workload', async () => {
  assert.equal(await homeOf(receivedOf({ method: 'GET', url: '/main/people/openai/v1/responses/resp_two' })), 'two')
  assert.equal(await homeOf(receivedOf({ request: { references: [reference('resp_two')] } })), 'two')
})

// An id of another workload's object must look like one that does not exist: otherwise callers could search for ids.
test('an object of another workload is refused exactly like one that does not exist', async () => {
  const messages: string[] = []
  for (const id of ['resp_others', 'resp_unmade']) {
    const exchange = receivedOf({ request: { references: [reference(id)] } })
    const error: unknown = await Promise.resolve(locate(exchange, partsOf())).catch((reason: unknown) => reason)
    assert.ok(error instanceof Error && 'code' in error && 'param' in error)
    assert.deepEqual([error.code, error.param], ['object_unknown', 'previous_response_id'])
    messages.push(error.message.replaceAll(id, 'ID'))
  }
  assert.equal(messages[0], messages[1])
})

test('where unknown objects may pass, they are looked for on the first member; those of other workloads stay refused', async () => {
  const parts = partsOf({ unknownObjects: 'allow' })
  assert.equal(await homeOf(receivedOf({ request: { references: [reference('resp_unmade')] } }), parts), 'one')
  const others = receivedOf({ request: { references: [reference('resp_others')] } })
  await assert.rejects(async () => locate(others, parts), { code: 'object_unknown' })
})

test('objects on two instances cannot serve one call, and the refusal names both', async () => {
  const references = [reference('resp_one'), reference('resp_two', { kind: 'file', param: 'input.0.file_id' })]
  await assert.rejects(async () => locate(receivedOf({ request: { references } }), partsOf()), {
    code: 'objects_apart',
    param: 'input.0.file_id',
    message: /resp_one.*resp_two/,
  })
})

test('an object on an instance that the target does not have is refused, with the target to call instead', async () => {
  const onTwo = receivedOf({ url: '/one/people/openai/v1/responses', request: { references: [reference('resp_two')] } })
  await assert.rejects(async () => locate(onTwo, partsOf()), {
    code: 'object_elsewhere',
    message: /call "main" instead/,
  })
  const lost = receivedOf({ request: { references: [reference('resp_three')] } })
  await assert.rejects(async () => locate(lost, partsOf()), {
    code: 'object_elsewhere',
    message: /nor is any other target/,
  })
})

test('what a client echoes of earlier answers pins the call only where it must be read by its maker', async () => {
  const echoed = reference('resp_two', { kind: 'item', param: 'input.1.id', echoed: true })
  assert.equal(await homeOf(receivedOf({ request: { references: [echoed] } })), 'two', 'it prefers the maker')
  const foreign = reference('resp_three', { kind: 'item', param: 'input.1.id', echoed: true })
  assert.equal(await homeOf(receivedOf({ request: { references: [foreign] } })), null, 'every member can read it')
  const encrypted = reference('resp_three', { kind: 'reasoning', param: 'input.1.encrypted_content', echoed: true })
  await assert.rejects(async () => locate(receivedOf({ request: { references: [encrypted] } }), partsOf()), {
    code: 'object_elsewhere',
  })
  const unknown = reference('resp_unmade', { kind: 'item', param: 'input.1.id', echoed: true })
  assert.equal(await homeOf(receivedOf({ request: { references: [unknown] } })), null, 'an echo needs no owner')
})

test('where encrypted reasoning may be dropped, the call prefers its maker and other members get the rest', async () => {
  const body = {
    model: 'gpt-4o',
    input: [{ type: 'reasoning', id: 'resp_two', encrypted_content: 'secret', summary: [] }],
  }
  const send = Buffer.from(JSON.stringify(body))
  const references = [reference('resp_two', { kind: 'reasoning', param: 'input.0.encrypted_content', echoed: true })]
  const { home } = await locate(receivedOf({ request: { references, send } }), partsOf({ encryptedReasoning: 'drop' }))
  assert.equal(home?.instance, 'two')
  assert.equal(
    (await locate(receivedOf({ request: { references, send } }), partsOf())).home?.loose,
    null,
    'pinned where it may not',
  )
})

test('a page of a list continues where the object lives that ended the page before', async () => {
  const list = (query: string): Received =>
    receivedOf({
      method: 'GET',
      url: `/main/people/openai/v1/files${query}`,
      request: { deployment: null, send: null },
    })
  assert.equal(await homeOf(list('?after=resp_two')), 'two')
  assert.equal(await homeOf(list('?before=resp_two&limit=3')), 'two')
  assert.equal(await homeOf(list('')), null)
  await assert.rejects(async () => locate(list('?after=resp_others'), partsOf()), {
    code: 'object_unknown',
    param: 'after',
  })
})

test('when owners cannot be looked up the call is refused with 503: the object may exist', async () => {
  const objects = { ...partsOf().objects, ownerOf: () => Promise.reject(new ObjectsUnavailable()) }
  const exchange = receivedOf({ request: { references: [reference('resp_one')] } })
  await assert.rejects(async () => locate(exchange, partsOf({ objects })), { code: 'objects_unavailable', status: 503 })
})

test('the open debt of the named object is noted, after its owner is checked', async () => {
  const lookedUp: string[] = []
  const followUps: LocateParts['followUps'] = {
    openDebt(id) {
      lookedUp.push(id)
      return null
    },
  }
  await locate(receivedOf({ method: 'GET', url: '/main/people/openai/v1/responses/resp_one' }), partsOf({ followUps }))
  assert.deepEqual(lookedUp, ['resp_one'])
  const others = receivedOf({ method: 'GET', url: '/main/people/openai/v1/responses/resp_others' })
  await assert.rejects(async () => locate(others, partsOf({ followUps })), { code: 'object_unknown' })
  assert.deepEqual(lookedUp, ['resp_one'])
})
