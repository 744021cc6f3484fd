import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { azureCliClientId, demoDirectory } from '../directory.ts'
import type { Directory, EntraSimulator } from '../types.ts'
import { startEntra } from './index.ts'
import {
  askToken,
  authorizeUrl,
  claimsOf,
  entraOf,
  HandClock,
  newPkce,
  open,
  otherApi,
  scope,
  submit,
  tenant,
  twoApis,
} from './person.fixture.ts'

const { challenge } = newPkce()
let entra: EntraSimulator
before(async () => {
  entra = await startEntra({ directory: demoDirectory })
})
after(() => entra.close())

test('the authorize page lists all people, the hinted person first, and redirects with state and code', async () => {
  const url = authorizeUrl(entra.url, challenge, { login_hint: 'carol@contoso.example', state: '<s&"1">' })
  const page = await open(url)
  const offered = [...page.text.matchAll(/name="person" value="(\w+)"/g)].map(([, name]) => name)
  assert.deepEqual(offered, ['carol', 'alice', 'bob', 'dave', 'erin', 'frank'])
  const back = await submit(url, page, { person: 'bob' })
  assert.equal(back.status, 303)
  assert.equal(back.location?.origin, 'http://localhost:4711')
  assert.equal(back.location?.searchParams.get('state'), '<s&"1">')
  assert.ok(back.location?.searchParams.get('code'))
})

test('a fragment is used when the client requests it', async () => {
  const url = authorizeUrl(entra.url, challenge, { response_mode: 'fragment' })
  const { location } = await submit(url, await open(url), { person: 'bob' })
  assert.match(location?.hash ?? '', /^#code=1\./)
  assert.equal(location?.search, '')
})

// An answer that is sent to an address that is not the client's own gives the code to the author of the link.
test('nothing is sent to an address that is not registered for the client', async () => {
  const allowed = ['http://localhost', 'http://localhost:1/', 'http://127.0.0.1:50000', 'http://[::1]:50000/']
  const foreign = [
    'https://evil.example/',
    'http://localhost.evil.example:4711',
    'http://localhost:4711@evil.example',
    'http://evil.example/#http://localhost',
    'http://localhost:4711/elsewhere',
    'http://localhost:4711/?next=x',
    'http://localhost:4711/#x',
    'https://localhost:4711',
    'http://user@localhost:4711',
    'http:\\\\localhost:4711',
    'javascript:alert(1)',
    'localhost:4711',
    'http://LOCALHOST.:4711',
  ]
  for (const redirect_uri of allowed) {
    assert.equal((await open(authorizeUrl(entra.url, challenge, { redirect_uri }))).status, 200, redirect_uri)
  }
  for (const redirect_uri of foreign) {
    const page = await open(authorizeUrl(entra.url, challenge, { redirect_uri }))
    assert.equal(page.status, 400, redirect_uri)
    assert.equal(page.location, null)
    assert.match(page.text, /AADSTS50011/)
  }
})

test('a registered address is exact, and a client with a secret has none by default', async t => {
  const [cli, finder, ...others] = demoDirectory.applications
  assert.ok(cli && finder)
  const directory: Directory = {
    ...demoDirectory,
    applications: [{ ...cli, redirectUris: ['https://console.example/signed-in'] }, finder, ...others],
  }
  const own = await entraOf(t, { directory })
  const status = async (changes: Readonly<Record<string, string>>) =>
    (await open(authorizeUrl(own.url, challenge, changes))).status
  assert.equal(await status({ redirect_uri: 'https://console.example/signed-in' }), 200)
  assert.equal(await status({ redirect_uri: 'https://console.example/signed-in/' }), 400)
  assert.equal(await status({ redirect_uri: 'https://console.example:444/signed-in' }), 400)
  assert.equal(await status({ redirect_uri: 'http://localhost:4711' }), 400)
  assert.equal(await status({ client_id: finder.appId }), 400)
})

test('errors of a request go back to the client once its address is known', async () => {
  const cases = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ scope: 'https://unknown.example/.default' }, 'invalid_resource'],
    [{ scope: '' }, 'invalid_request'],
    [{ prompt: 'none' }, 'login_required'],
  ] as const
  for (const [changes, error] of cases) {
    const { location } = await open(authorizeUrl(entra.url, challenge, changes))
    assert.equal(location?.searchParams.get('error'), error, JSON.stringify(changes))
    assert.match(location?.searchParams.get('error_description') ?? '', /^AADSTS/)
    assert.equal(location?.searchParams.get('state'), 'state-1')
    assert.equal(location?.searchParams.has('code'), false)
  }
  const url = authorizeUrl(entra.url, challenge)
  const cancelled = await submit(url, await open(url), { cancel: '1' })
  assert.equal(cancelled.location?.searchParams.get('error'), 'access_denied')
})

test('a page shows the person the errors that cannot go back to the client', async () => {
  for (const changes of [{ client_id: 'x' }, { client_id: '' }, { redirect_uri: '' }, { response_mode: 'form_post' }]) {
    const page = await open(authorizeUrl(entra.url, challenge, changes))
    assert.equal(page.status, 400)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(page.text, /role="alert">AADSTS\d+/)
  }
  const twice = authorizeUrl(entra.url, challenge)
  twice.searchParams.append('state', 'state-2')
  assert.equal((await open(twice)).status, 400)
})

// Everything that a link carries is shown on the page or hidden in it: none of it may become markup.
test('no text from outside becomes markup', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: fc.constantFrom(...`<>"'&=/ abc\n\u2028`) }), async text => {
      const evil = `${text}"><script>x</script>'`
      const pages = [
        await open(authorizeUrl(entra.url, challenge, { state: evil, nonce: evil, login_hint: evil })),
        await open(authorizeUrl(entra.url, challenge, { redirect_uri: evil })),
        await open(`${entra.url}/devicelogin?otc=${encodeURIComponent(evil)}`),
        await open(`${entra.url}/devicelogin`, new URLSearchParams({ code: evil })),
      ]
      for (const page of pages) assert.equal(/<script/i.test(page.text), false)
    }),
    { numRuns: 25 },
  )
})

test('pages run no script: the policy allows only the one stylesheet and the form', async () => {
  const page = await open(authorizeUrl(entra.url, challenge))
  const style = /<style>([\s\S]*)<\/style>/.exec(page.text)?.[1] ?? ''
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none';/)
  assert.ok(policy.includes(`style-src 'sha256-${hash('sha256', style, 'base64')}'`))
  assert.ok(policy.includes("form-action 'self' http://localhost:4711;"))
  assert.ok(policy.includes("frame-ancestors 'none'"))
  assert.equal(page.headers.get('cache-control'), 'no-store')
  assert.equal(/ (style|on\w+)="/.test(page.text), false)
})

async function startDevice(authority: string): Promise<{ userCode: string; poll: () => ReturnType<typeof askToken> }> {
  const response = await fetch(`${authority}/${tenant}/oauth2/v2.0/devicecode`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: azureCliClientId, scope }),
  })
  const started = (await response.json()) as { user_code: string; device_code: string }
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: started.device_code }
  return { userCode: started.user_code, poll: () => askToken(authority, grant) }
}

test('a device waits, is signed in after the person chose, and its code works once', async () => {
  const page = `${entra.url}/devicelogin`
  const { userCode, poll } = await startDevice(entra.url)
  assert.equal((await poll()).body.error, 'authorization_pending')
  // As people type it: lower case, in groups.
  const typed = `${userCode.slice(0, 4)}-${userCode.slice(4)} `.toLowerCase()
  const choose = await submit(page, await open(page), { code: typed })
  const done = await submit(page, choose, { person: 'carol' })
  assert.match(done.text, /goes on as Carol Castillo/)
  const { body } = await poll()
  assert.equal(claimsOf(body.access_token).upn, 'carol@contoso.example')
  assert.equal((await poll()).body.error, 'bad_verification_code')
})

test('a device learns that the person declined, that its code expired, and that a code is unknown', async t => {
  const clock = new HandClock()
  const own = await entraOf(t, { clock: clock.now })
  const page = `${own.url}/devicelogin`
  const declined = await startDevice(own.url)
  await submit(page, await submit(page, await open(page), { code: declined.userCode }), { cancel: '1' })
  assert.equal((await declined.poll()).body.error, 'authorization_declined')

  const late = await startDevice(own.url)
  clock.advance(15 * 60_000)
  assert.equal((await late.poll()).body.error, 'expired_token')
  const unknown = await submit(page, await open(page), { code: late.userCode })
  assert.equal(unknown.status, 400)
  assert.match(unknown.text, /aria-invalid="true" aria-describedby="problem"/)
})

// A person that signs in for the wrong resource learns it here, not from a refusal that names a group.
test('N-K1 the page shows the claims that the token will have', async t => {
  const own = await entraOf(t, { directory: twoApis })
  for (const [resource, said] of [
    ['https://cognitiveservices.azure.com', 'its tokens list neither groups nor app roles'],
    ['api://gatehouse', 'its tokens list groups and app roles'],
    [otherApi.appId, 'its tokens list app roles, and no groups'],
  ] as const) {
    const page = await open(authorizeUrl(own.url, newPkce().challenge, { scope: `${resource}/.default` }))
    assert.ok(page.text.includes(said), page.text)
  }
})
