import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { configSchema, type InstanceConfig } from '../config/schema/index.ts'
import { logTo } from '../log.fixture.ts'
import { backends } from '../wire/backends.ts'
import {
  CredentialError,
  type CredentialHeader,
  createCredential,
  type InstanceCredential,
  lastSecondsMs,
  refreshBeforeMs,
  refreshPauseMs,
} from './credentials.ts'
import { identityFault } from './managed-identity.ts'

const backend = backends['azure-openai']

/** An identity endpoint in the form of App Service. */
const server = createServer((request, response) => {
  asked.push(request)
  const { status, body } = answer()
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
})
const secret = 'header-secret-that-nobody-may-see-0123456789abcdef'
let asked: IncomingMessage[] = []
let answer: () => { status: number; body: string }
let nowMs: number
let lines: string[]
let appService: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string }

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  appService = { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: secret }
})
beforeEach(() => {
  asked = []
  lines = []
  nowMs = Date.UTC(2026, 4, 4, 12)
  give(60)
})
after(() => {
  server.closeAllConnections()
  server.close()
})

/** Answers with numbered tokens that are valid for this many minutes. */
function give(minutes: number): void {
  answer = () => ({
    status: 200,
    body: JSON.stringify({ access_token: `token-${asked.length}`, expires_on: String(nowMs / 1_000 + minutes * 60) }),
  })
}

function fail(status: number, body = '{"error":"unavailable"}'): void {
  answer = () => ({ status, body })
}

function instance(credential: InstanceConfig['credential']): InstanceConfig {
  const written = { endpoint: 'https://east.openai.azure.com', credential, deployments: {} }
  const parsed = configSchema.shape.instances.parse({ east: written })['east']
  assert.ok(parsed)
  return parsed
}

function managed(clientId: string | null = null): InstanceCredential {
  const log = logTo(({ fields, event }) => void lines.push(JSON.stringify({ ...fields, message: event })))
  const credential = clientId === null ? 'managed-identity' : { managedIdentity: clientId }
  return createCredential(instance(credential), backend, { clock: () => nowMs, log, appService })
}

/** The header of a call that must not wait. */
function atOnce(credential: InstanceCredential): CredentialHeader {
  const header = credential.header('caller.token.x')
  assert.ok(!(header instanceof Promise), 'the call had to wait')
  return header
}

/** Waits, in turns of the event loop, for work in the background over a real socket. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000 && !holds(); turn++) await new Promise(resolve => setImmediate(resolve))
  assert.ok(holds())
}

// The gateway's rights must not be used where the caller's are configured, nor the other way round.
test('a caller credential passes the token on, a key sends the key and never the token', () => {
  const caller = createCredential(instance('caller'), backend, { clock: () => nowMs })
  assert.deepEqual(atOnce(caller), { name: 'authorization', value: 'Bearer caller.token.x' })
  const key = createCredential(instance({ key: 'k'.repeat(32) }), backend, { clock: () => nowMs })
  assert.deepEqual(atOnce(key), { name: 'api-key', value: 'k'.repeat(32) })
  assert.deepEqual([caller.kind, key.kind, managed().kind], ['caller', 'key', 'managed-identity'])
})

test('a managed identity requests one token for all waiting calls, and then answers at once', async () => {
  const credential = managed()
  const headers = await Promise.all(Array.from({ length: 20 }, () => credential.header('caller.token.x')))
  for (const header of headers) assert.deepEqual(header, { name: 'authorization', value: 'Bearer token-1' })
  assert.equal(atOnce(credential).value, 'Bearer token-1')
  assert.equal(asked.length, 1)
  const url = new URL(asked[0]?.url ?? '', 'http://x')
  assert.equal(url.searchParams.get('resource'), 'https://cognitiveservices.azure.com')
  assert.equal(url.searchParams.has('client_id'), false)
  assert.equal(asked[0]?.headers['x-identity-header'], secret)
})

test('a user-assigned identity is requested by its client id', async () => {
  await managed('33333333-0000-4000-8000-000000000003').header('')
  assert.match(asked[0]?.url ?? '', /client_id=33333333-0000-4000-8000-000000000003/)
})

// A token of a managed identity lives for a day: an instance that refuses it would be lost for that long.
test('F4 a token that an instance refused is replaced in the background, at most as often as a refresh', async () => {
  const credential = managed()
  credential.renew()
  await credential.header('')
  assert.equal(asked.length, 1, 'there was none to replace')
  credential.renew()
  assert.equal(asked.length, 1, 'it has only just come')
  nowMs += refreshPauseMs
  for (let call = 0; call < 5; call += 1) credential.renew()
  assert.equal(atOnce(credential).value, 'Bearer token-1', 'no call waits for it')
  await until(() => atOnce(credential).value === 'Bearer token-2')
  fail(500)
  nowMs += refreshPauseMs
  credential.renew()
  await until(() => lines.length === 1)
  assert.equal(atOnce(credential).value, 'Bearer token-2')
  assert.equal(asked.length, 3)
})

// Otherwise every call of an instance waits once an hour, and fails when the identity service is down for a moment.
test('a token is replaced in the background five minutes before its end', async () => {
  const credential = managed()
  await credential.header('')
  nowMs += 3_600_000 - refreshBeforeMs - 1
  atOnce(credential)
  assert.equal(asked.length, 1)
  nowMs += 1
  for (let call = 0; call < 10; call++) assert.equal(atOnce(credential).value, 'Bearer token-1')
  await until(() => atOnce(credential).value === 'Bearer token-2')
  assert.equal(asked.length, 2)
})

test('a token is used while its refresh fails, and the next refresh waits a little', async () => {
  const credential = managed()
  await credential.header('')
  fail(500)
  nowMs += 3_600_000 - refreshBeforeMs
  atOnce(credential)
  await until(() => lines.length === 1)
  for (let call = 0; call < 10; call++) atOnce(credential)
  // Its request comes after all requests of these calls.
  await assert.rejects(async () => managed().header(''), CredentialError)
  assert.equal(asked.length, 3, 'no attempt within the pause')
  nowMs += refreshPauseMs
  atOnce(credential)
  await until(() => lines.length === 3)
  give(60)
  nowMs += refreshPauseMs
  assert.equal(atOnce(credential).value, 'Bearer token-1')
  await until(() => atOnce(credential).value === 'Bearer token-5')
})

test('a token is not sent in its last seconds', async () => {
  const credential = managed()
  await credential.header('')
  fail(500)
  nowMs += 3_600_000 - lastSecondsMs
  await assert.rejects(async () => credential.header(''), CredentialError)
})

// The operator must learn the reason, and never the secret.
test('a failure is credential_unavailable, with the reason and without any secret', async () => {
  const token = `eyJ0eXAi.${'x'.repeat(300)}.sig`
  const failures: [number, string, RegExp][] = [
    [400, `{"access_token":"${token}"}`, /answered 400/],
    [200, `{"access_token":"${token}"}`, /expires_on/],
    [200, `${token}`, /expires_on/],
    [200, `{"access_token":"${token}","expires_on":"1"}`, /already ended/],
  ]
  for (const [status, body, reason] of failures) {
    fail(status, body)
    await assert.rejects(
      async () => managed().header('caller.token.x'),
      error => {
        assert.ok(error instanceof CredentialError)
        assert.equal(error.code, 'credential_unavailable')
        const all = `${error.message} ${error.cause} ${lines.at(-1)}`
        assert.match(String(error.cause), reason)
        for (const hidden of ['xxxxxxxxxx', secret, 'caller.token.x']) assert.ok(!all.includes(hidden), all)
        return true
      },
    )
  }
})

test('a call after a failed one requests a token again', async () => {
  const credential = managed()
  fail(500)
  await assert.rejects(async () => credential.header(''), CredentialError)
  give(60)
  assert.equal((await credential.header('')).value, 'Bearer token-2')
})

// Production uses the library and the environment variables of the platform.
test('@azure/identity gets the same token from the same endpoint', async () => {
  const kept = { ...process.env }
  Object.assign(process.env, appService)
  try {
    nowMs = Date.now()
    // Shorter than the library's own cache, so that each reading reaches the endpoint.
    give(4)
    const credential = createCredential(instance('managed-identity'), backend, { clock: () => nowMs })
    assert.equal((await credential.header('')).value, 'Bearer token-1')
    assert.match(asked[0]?.url ?? '', /resource=https%3A%2F%2Fcognitiveservices\.azure\.com(&|$)/)
    assert.equal(asked[0]?.headers['x-identity-header'], secret)
    nowMs += refreshPauseMs
    await until(() => atOnce(credential).value === 'Bearer token-2')
    const leaked = 'x'.repeat(60)
    fail(400, JSON.stringify({ error: 'invalid_request', error_description: leaked, access_token: leaked }))
    nowMs += 240_000
    await assert.rejects(
      async () => credential.header(''),
      error => {
        assert.ok(error instanceof CredentialError)
        assert.match(String(error.cause), /: the identity endpoint refused the request \(invalid_request\)$/)
        assert.ok(!`${error.message} ${error.cause}`.includes(leaked), String(error.cause))
        return true
      },
    )
  } finally {
    process.env = kept
  }
})

// An operator reads the reason in one line, where a message of the library is cut in the middle of its header fields.
test('the reason for a missing token has words of its own, without parts of an answer', () => {
  const words = (message: string) => identityFault(new Error(message))
  const failed = 'ManagedIdentityCredential: Authentication failed. Message '
  const answered = `${failed}client_error: A client error occured.\nHttp status code: 403\nHeaders: {"x-secret":"0123"}`
  assert.equal(words(answered), 'the identity endpoint answered 403')
  assert.match(words(`${failed}invalid_request: Error(s): - Description: Identity not found`), /^no such identity is/)
  const unavailable = 'no identity endpoint answers here'
  assert.equal(words('Attempted to use the IMDS endpoint, but it is not available.'), unavailable)
  assert.equal(words('ManagedIdentityCredential: Network unreachable. Message: network_error: "0123"'), unavailable)
  assert.equal(words('something with 0123 in it'), 'the identity endpoint refused the request (unknown reason)')
})
