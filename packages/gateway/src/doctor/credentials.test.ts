import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type AzureSimulatorOptions, demoDirectory, startAzure, startEntra } from '@gatehouse/simulator'
import { closedPort } from '../../../../test/support/ports.ts'
import { fastDeployments } from '../../../../test/support/world.ts'
import { faultsIn, ofLevel, type Surroundings, startSurroundings, withInstance } from './doctor.fixture.ts'

type Entra = NonNullable<AzureSimulatorOptions['entra']>

async function resource(t: TestContext, { entra }: Surroundings, changes: Partial<Entra>): Promise<string> {
  const azure = await startAzure({
    ...{ name: 'three', deployments: fastDeployments },
    entra: { authority: entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: 'all', ...changes },
  })
  t.after(() => azure.close())
  return azure.url
}

/** Answers every request alike. */
async function answering(t: TestContext, status: number, body: object): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a wrong key is a failure that says so, and does not show it', async t => {
  const { examine } = await startSurroundings(t)
  const key = 'some-other-key-of-this-instance'
  const findings = await examine('credentials', config => config, { env: { KEY_OF_INSTANCE_2: key } })
  const { about, found, next } = ofLevel(findings, 'failure')
  assert.equal(about, 'dev-openai-instance-2')
  assert.match(found, /401: it does not accept the key/)
  assert.match(next ?? '', /instances\.dev-openai-instance-2\.credential/)
  assert.ok(!JSON.stringify(findings).includes(key))
})

// The first thing that is forgotten in every new subscription.
test('an identity without a role is a failure that names the role and the object id', async t => {
  const surroundings = await startSurroundings(t)
  const endpoint = await resource(t, surroundings, { allowedObjectIds: [] })
  const { found, next } = ofLevel(await surroundings.examine('credentials', withInstance({ endpoint })), 'failure')
  assert.match(found, /401: the identity [0-9a-f-]{36} of tenant [0-9a-f-]{36} has no role there/)
  assert.match(next ?? '', /Cognitive Services OpenAI User to [0-9a-f-]{36} on the resource/)
})

test('a resource of another tenant is a failure that names the tenant of the token', async t => {
  const surroundings = await startSurroundings(t)
  const tenantId = '99999999-9999-4999-8999-999999999999'
  const other = await startEntra({ directory: { ...demoDirectory, tenantId } })
  t.after(() => other.close())
  const endpoint = await resource(t, surroundings, { authority: other.url, tenantId })
  const { found, next } = ofLevel(await surroundings.examine('credentials', withInstance({ endpoint })), 'failure')
  assert.match(found, /does not accept the token for https:\/\/cognitiveservices\.azure\.com/)
  assert.match(next ?? '', new RegExp(`the resource is in tenant ${demoDirectory.tenantId}`))
})

test('a machine without a managed identity is a failure', async t => {
  const { examine } = await startSurroundings(t)
  const appService = { IDENTITY_ENDPOINT: `http://127.0.0.1:${await closedPort()}/msi`, IDENTITY_HEADER: 'header' }
  const { found } = ofLevel(await examine('credentials', config => config, { appService }), 'failure')
  assert.equal(found, 'There is no token of the managed identity: no identity endpoint answers here.')
})

test('disabled keys, a closed network, another service and a redirect are failures with words of their own', async t => {
  const { examine } = await startSurroundings(t)
  const answers = [
    [
      403,
      { error: { code: 'AuthenticationTypeDisabled', message: 'Key based authentication is disabled' } },
      /keys are disabled/,
    ],
    [
      403,
      { error: { code: '403', message: 'Public access is disabled. Please configure private endpoint.' } },
      /closed to this network/,
    ],
    [403, { error: { code: 'Forbidden', message: 'no' } }, /may not read models/],
    [404, { error: 'not found' }, /is no Azure OpenAI/],
    [302, {}, /leads to another address/],
    [500, {}, /answered 500 to a harmless request/],
  ] as const
  for (const [status, body, words] of answers) {
    const endpoint = await answering(t, status, body)
    assert.match(ofLevel(await examine('credentials', withInstance({ endpoint })), 'failure').found, words)
  }
})

test('an instance that takes tokens of callers has nothing to examine', async t => {
  const { examine } = await startSurroundings(t)
  assert.deepEqual(faultsIn(await examine('credentials', withInstance({ credential: 'caller' }))), [])
  assert.match(faultsIn(await examine('deployments', withInstance({ credential: 'caller' })))[0] ?? '', /^note /)
})

test('a deployment that the instance does not have is a failure, and looking it up bills nothing', async t => {
  const { examine, one } = await startSurroundings(t)
  const deployments = { 'gpt-4o': { model: 'gpt-4o' }, 'gpt-4o-eu': { model: 'gpt-4o' } }
  const findings = await examine('deployments', withInstance({ deployments }))
  assert.deepEqual(faultsIn(findings), ['failure It has no deployment gpt-4o-eu.'])
  assert.equal(findings.find(({ about }) => about === 'dev-openai-instance-1')?.found, 'It has gpt-4o.')
  const billed = one.bill().reduce((sum, line) => sum + line.promptTokens + line.completionTokens, 0)
  assert.equal(billed, 0)
})

test('models that a compatible server does not list are failures', async t => {
  const { examine } = await startSurroundings(t)
  const endpoint = await answering(t, 200, { object: 'list', data: [{ id: 'llama' }] })
  const written = { endpoint, kind: 'openai', credential: { key: 'a-key-of-the-server' } } as const
  const deployments = { llama: { model: 'llama' }, 'llama-2': { model: 'llama' } }
  const findings = await examine('deployments', withInstance({ ...written, deployments }))
  assert.deepEqual(faultsIn(findings), ['failure It has no deployment llama-2.'])
})

test('with a refused credential, deployments are a note that leads to the cause', async t => {
  const surroundings = await startSurroundings(t)
  const endpoint = await resource(t, surroundings, { allowedObjectIds: [] })
  const { next } = ofLevel(await surroundings.examine('deployments', withInstance({ endpoint })), 'note')
  assert.match(next ?? '', /credentials/)
})

test('a clock that is ahead is a warning, and a failure from where tokens are refused', async t => {
  const { examine } = await startSurroundings(t)
  const ahead = (ms: number) => ({ clock: () => Date.now() + ms })
  assert.match(ofLevel(await examine('clock', config => config, ahead(30_000)), 'warning').found, /ahead of it/)
  const findings = await examine('clock', config => config, ahead(-90_000))
  assert.match(ofLevel(findings, 'failure').found, /behind it: valid tokens are refused/)
  assert.equal(findings.filter(({ level }) => level === 'failure').length, 3, 'the sign-in service and both instances')
})
