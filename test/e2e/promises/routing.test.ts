/**
 * P4 and P6: only the operator's configuration decides where calls go and with which credential. Observed from a
 * backend that records what reached it.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Backend, startBackend } from '../../support/backend.ts'
import { type Running, running } from '../../support/file-world.ts'
import { type RawAnswer, send } from '../../support/raw.ts'
import { recordOf } from '../../support/records.ts'
import { apiVersion, ask, instanceKey, startWorld, type World } from '../../support/world.ts'

interface Scene {
  readonly world: World
  /** Names in the configuration. */
  readonly chosen: Backend
  /** Names that attackers use. */
  readonly trap: Backend
}

let scene: Scene & Running
let token: string
before(async () => {
  scene = await running(async scope => {
    const [chosen, trap] = await Promise.all([startBackend(scope), startBackend(scope)])
    const credentials = { 'dev-openai-instance-1': 'caller', 'dev-openai-instance-2': { key: instanceKey } } as const
    const world = await startWorld(scope, {
      change: config => ({
        ...config,
        instances: Object.fromEntries(
          Object.entries(config.instances).map(([name, instance]) => [
            name,
            { ...instance, endpoint: chosen.url, credential: credentials[name as keyof typeof credentials] },
          ]),
        ),
      }),
    })
    return { world, chosen, trap }
  })
  token = await scene.world.token('alice')
})
after(() => scene.close())
beforeEach(() => {
  ;(scene.chosen.received as unknown[]).length = 0
})

type Headers = readonly (readonly [string, string])[]
const body = { model: 'gpt-4o', messages: ask('Hello') }

function call(target: string, headers: Headers = [], sent: unknown = body): Promise<RawAnswer> {
  return send(scene.world.url, {
    target,
    headers: [['Authorization', `Bearer ${token}`], ['Content-Type', 'application/json'], ...headers],
    body: JSON.stringify(sent),
  })
}

const toCaller = `/dev-openai-instance-1/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`
const toKey = `/dev-openai-instance-2/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`

// Gateways that let a caller choose the host have been made to call their cloud's metadata service with their own
// credential.
test('P4 no header can name a host, a path, another instance or another deployment', async () => {
  const trap = scene.trap.url
  const host = new URL(trap).host
  const fields: Headers = [
    ['Host', host],
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Server', host],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Port', '1'],
    ['X-Forwarded-Prefix', '/evil'],
    ['X-Forwarded-For', '10.0.0.1'],
    ['Forwarded', `host=${host}`],
    ['Via', `1.1 ${host}`],
    ['X-Original-Host', host],
    ['X-Original-URL', `${trap}/openai/files`],
    ['X-Rewrite-URL', '/openai/files'],
    ['X-Real-IP', '10.0.0.1'],
    ['X-Host', host],
    ['X-Backend', trap],
    ['X-Target-URL', trap],
    ['X-Upstream', trap],
    ['X-Portkey-Custom-Host', trap],
    ['X-Portkey-Provider', 'openai'],
    ['X-Portkey-Config', JSON.stringify({ custom_host: trap })],
    ['X-Portkey-Azure-Resource-Name', 'evil'],
    ['Helicone-Target-URL', trap],
    ['Helicone-OpenAI-Api-Base', trap],
    ['X-LiteLLM-Api-Base', trap],
    ['api-base', trap],
    ['azure-endpoint', trap],
    ['OpenAI-Base-URL', trap],
    ['X-MS-Spillover-Deployment', 'gpt-5'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Method-Override', 'DELETE'],
    ['Destination', trap],
    ['Proxy', trap],
    ['Referer', trap],
    ['Origin', trap],
  ]
  for (const field of fields) {
    assert.equal((await call(toKey, [field])).status, 200, field[0])
  }
  assert.equal((await call(toKey, fields)).status, 200, 'all at once')
  assert.equal(scene.trap.received.length, 0)
  assert.equal(scene.chosen.received.length, fields.length + 1)
  for (const { method, url, headers } of scene.chosen.received) {
    assert.equal(method, 'POST')
    assert.equal(url, `/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`)
    assert.equal(headers.host, new URL(scene.chosen.url).host)
    assert.equal(headers['x-ms-spillover-deployment'], undefined)
    assert.ok(!Object.keys(headers).some(name => /^(x-forwarded|x-original|forwarded$|via$|x-real)/.test(name)))
  }
})

test('P4 no field of the body and no query parameter can name a host', async () => {
  const trap = scene.trap.url
  const names = [
    'api_base',
    'base_url',
    'azure_endpoint',
    'endpoint',
    'host',
    'url',
    'custom_host',
    'api_host',
    'proxy',
  ]
  for (const name of names) {
    assert.equal((await call(toKey, [], { ...body, [name]: trap })).status, 200)
    assert.equal((await call(`${toKey}&${name}=${encodeURIComponent(trap)}`)).status, 200)
  }
  const nested = {
    ...body,
    extra_body: { api_base: trap },
    litellm_params: { api_base: trap },
    fallbacks: [{ api_base: trap }],
  }
  assert.equal((await call(toKey, [], nested)).status, 200)
  assert.equal(scene.trap.received.length, 0)
  assert.equal(scene.chosen.received.length, 2 * names.length + 1)
})

// The record must show the deployment that the instance was called with.
test('P4 a deployment in the path wins over the model in the body, in the record and at the instance', async () => {
  const answer = await call(toKey, [], { ...body, model: 'gpt-5' })
  const record = await recordOf(scene.world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual([record.deployment, record.requestedModel], ['gpt-4o', 'gpt-5'])
  assert.match(scene.chosen.received[0]?.url ?? '', /deployments\/gpt-4o\//)
})

test('P4 a redirect from the backend is never followed', async t => {
  const { chosen, trap } = scene
  const ordinary = chosen.answer
  t.after(() => {
    chosen.answer = ordinary
  })
  for (const status of [301, 302, 303, 307, 308]) {
    chosen.answer = (_request, response) => response.writeHead(status, { location: trap.url }).end()
    const answer = await call(toKey)
    assert.deepEqual([answer.status, answer.headers['x-gatehouse-refusal']], [502, 'backend_redirected'])
    assert.equal(answer.headers['location'], undefined)
  }
  assert.equal(trap.received.length, 0)
})

// A token that is forwarded can be used in the caller's name by any reader of the backend's logs.
test('P6 inbound credentials are not forwarded to an instance with a key', async () => {
  const cookie: Headers = [
    ['api-key', token],
    ['Cookie', `session=${token}`],
    ['Proxy-Authorization', `Bearer ${token}`],
    ['Ocp-Apim-Subscription-Key', 'canary-subscription-key'],
  ]
  assert.equal((await call(toKey, cookie)).status, 200)
  const [got] = scene.chosen.received
  assert.equal(got?.headers['api-key'], instanceKey)
  assert.equal(got?.headers.authorization, undefined)
  assert.ok(!got?.rawHeaders.some(value => value.includes(token) || value.includes('canary')))
})

test("P6 the caller's token is forwarded to an instance whose credential is `caller`, and only there", async () => {
  assert.equal((await call(toCaller)).status, 200)
  const fromApiKey = await send(scene.world.url, {
    target: toCaller,
    headers: [
      ['api-key', token],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify(body),
  })
  assert.equal(fromApiKey.status, 200)
  for (const { headers } of scene.chosen.received) {
    assert.equal(headers.authorization, `Bearer ${token}`)
    assert.equal(headers['api-key'], undefined)
  }
})

test("P6 Connection cannot take the gateway's own headers away", async () => {
  const hop: Headers = [
    ['Connection', 'close, api-key, authorization, x-gatehouse-request-id, accept-encoding, x-private'],
    ['X-Private', 'mine'],
  ]
  const answer = await call(toKey, hop)
  const [got] = scene.chosen.received
  assert.equal(got?.headers['api-key'], instanceKey)
  assert.equal(got?.headers['x-gatehouse-request-id'], answer.headers['x-gatehouse-request-id'])
  assert.equal(got?.headers['accept-encoding'], 'identity')
  assert.equal(got?.headers['x-private'], undefined, 'headers of the connection are not forwarded')
})

// If a caller could choose the id, it could point to somebody else's record.
test("P6 the request id is the gateway's own, in the answer and at the instance", async () => {
  const answer = await call(toKey, [['X-Gatehouse-Request-Id', '00000000-0000-7000-8000-000000000000']])
  const id = answer.headers['x-gatehouse-request-id']
  assert.match(id ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  assert.notEqual(id, '00000000-0000-7000-8000-000000000000')
  assert.equal(scene.chosen.received[0]?.headers['x-gatehouse-request-id'], id)
})

test('everything else that the client sends reaches the instance unchanged', async () => {
  const fields: Headers = [
    ['X-MS-Client-Request-Id', 'mine-1'],
    ['OpenAI-Beta', 'assistants=v2'],
    ['User-Agent', 'my-app/1.0'],
    ['X-Stainless-Retry-Count', '1'],
    ['aoai-evals', 'preview'],
  ]
  const written = '{ "messages" : [ {"role":"user","content":"H\\u00e9llo  \\ud83d\\ude00"} ],\n "max_tokens":1.0e1 }'
  await send(scene.world.url, {
    target: `${toKey}&x=a%20b&x=c`,
    headers: [['Authorization', `Bearer ${token}`], ['Content-Type', 'application/json; charset=utf-8'], ...fields],
    body: written,
  })
  const [got] = scene.chosen.received
  assert.equal(got?.body, written, 'the body, byte by byte')
  assert.equal(got?.url.split('?')[1], `api-version=${apiVersion}&x=a%20b&x=c`)
  assert.equal(got?.headers['content-type'], 'application/json; charset=utf-8')
  for (const [name, value] of fields) assert.equal(got?.headers[name.toLowerCase()], value)
})
