import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { demoDirectory, type EntraSimulator, startEntra } from '@gatehouse/simulator'
import { claimsOf, entraOf, open, submit, tenant } from '../../../../simulator/src/entra/person.fixture.ts'
import { systemClock } from '../../clock.ts'
import {
  connectSignIn,
  refreshSignIn,
  SignInError,
  type SignInErrorCode,
  type SignInSettings,
  signInAsApplication,
  signInWithBrowser,
  signInWithDevice,
  signInWithPassword,
} from './index.ts'

let entra: EntraSimulator
let settings: SignInSettings
before(async () => {
  entra = await startEntra({ directory: demoDirectory, pollIntervalSeconds: 1 })
  settings = {
    authority: entra.url,
    tenantId: tenant,
    clientId: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    scope: 'https://cognitiveservices.azure.com/.default',
  }
})
after(() => entra.close())

const connect = (changes: Partial<SignInSettings> = {}, secret: string | null = null) =>
  connectSignIn({ ...settings, ...changes }, { clock: systemClock, secret })

function fails(code: SignInErrorCode, message: RegExp): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof SignInError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  }
}

/** Chooses in the browser, and follows the redirect back to the terminal's listener. */
async function choose(url: string, choice: Readonly<Record<string, string>>): Promise<string> {
  const { location } = await submit(url, await open(url), choice)
  assert.ok(location)
  return (await open(location)).text
}

// Most people sign in this way: everything from discovery to the final page must fit together.
test('a person signs in with the browser, and sees it there too', async () => {
  let shown: Promise<string> | null = null
  const token = await signInWithBrowser(await connect(), {
    signal: AbortSignal.timeout(10_000),
    accountHint: 'bob@contoso.example',
    open(url) {
      assert.equal(new URL(url).searchParams.get('code_challenge_method'), 'S256')
      assert.equal(new URL(url).searchParams.get('login_hint'), 'bob@contoso.example')
      shown = choose(url, { person: 'bob' })
    },
  })
  assert.equal(claimsOf(token.accessToken).upn, 'bob@contoso.example')
  assert.equal(token.account, 'bob@contoso.example')
  assert.ok(token.refreshToken !== null && token.expiresAtMs > Date.now() + 3_500_000)
  assert.match((await shown) ?? '', /<h1>You are signed in<\/h1>/)
})

test('a person who cancels in the browser reads it in both places', async () => {
  let shown: Promise<string> | null = null
  const signIn = signInWithBrowser(await connect(), {
    signal: AbortSignal.timeout(10_000),
    open(url) {
      shown = choose(url, { cancel: '1' })
    },
  })
  await assert.rejects(signIn, fails('sign_in_refused', /AADSTS65004/))
  assert.match((await shown) ?? '', /<h1>You are not signed in<\/h1>/)
})

// A page on the web can guess the listener's port: what it sends must neither sign another account in nor end the wait.
test('the listener rejects every request that does not carry its own state', async () => {
  const token = await signInWithBrowser(await connect(), {
    signal: AbortSignal.timeout(10_000),
    async open(url) {
      const redirect = new URL(url).searchParams.get('redirect_uri')
      for (const path of ['/', '/favicon.ico', '/?code=forged&state=guess', '/?code=forged', '/?error=x&state=guess']) {
        const answer = await fetch(`${redirect}${path}`)
        assert.equal(answer.status, 404, path)
        await answer.text()
      }
      void choose(url, { person: 'alice' })
    },
  })
  assert.equal(token.account, 'alice@contoso.example')
})

test('the wait for a browser ends when it is interrupted, and its port is free again', async () => {
  const interrupt = new AbortController()
  let redirect = ''
  const signIn = signInWithBrowser(await connect(), {
    signal: interrupt.signal,
    open(url) {
      redirect = new URL(url).searchParams.get('redirect_uri') ?? ''
      interrupt.abort()
    },
  })
  await assert.rejects(signIn, fails('sign_in_unfinished', /was not finished/))
  await assert.rejects(fetch(redirect))
})

test('a person signs in on another device', async () => {
  const token = await signInWithDevice(await connect(), {
    async show({ page, userCode }) {
      await submit(page, await submit(page, await open(page), { code: userCode }), { person: 'carol' })
    },
  })
  assert.equal(token.account, 'carol@contoso.example')
  assert.equal(claimsOf(token.accessToken).aud, 'https://cognitiveservices.azure.com')
})

test('declining on the other device is reported, and an interrupt ends the polling', async () => {
  const declined = signInWithDevice(await connect(), {
    async show({ page, userCode }) {
      await submit(page, await submit(page, await open(page), { code: userCode }), { cancel: '1' })
    },
  })
  await assert.rejects(declined, fails('sign_in_refused', /AADSTS70017/))
  const interrupt = new AbortController()
  const interrupted = signInWithDevice(await connect(), { signal: interrupt.signal, show: () => interrupt.abort() })
  await assert.rejects(interrupted, fails('sign_in_unfinished', /interrupted/))
})

test('a sign-in is refreshed, and one that has ended requires a new one', async () => {
  const client = await connect()
  const first = await signInWithPassword(client, 'alice@contoso.example', 'alice-in-the-simulator')
  const second = await refreshSignIn(client, first.refreshToken ?? '')
  assert.notEqual(second.accessToken, first.accessToken)
  assert.equal(second.account, 'alice@contoso.example')
  await assert.rejects(refreshSignIn(client, '1.invented'), fails('not_signed_in', /has ended/))
})

test('an application signs in with its secret; a wrong one is refused without being repeated', async () => {
  const finder = demoDirectory.applications.find(row => row.name === 'expert-finder-app')
  const clientId = finder?.appId ?? ''
  const token = await signInAsApplication(await connect({ clientId }, finder?.secret ?? ''))
  assert.equal(claimsOf(token.accessToken).appid, clientId)
  assert.equal(token.refreshToken, null)
  const wrong = signInAsApplication(await connect({ clientId }, 'a-wrong-secret'))
  await assert.rejects(wrong, (error: unknown) => {
    fails('sign_in_refused', /AADSTS7000215/)(error)
    assert.equal(String((error as Error).message).includes('a-wrong-secret'), false)
    return true
  })
  const password = signInWithPassword(await connect(), 'alice@contoso.example', 'a-wrong-secret')
  await assert.rejects(password, fails('sign_in_refused', /AADSTS50126/))
})

// A code or secret over plain http can be read on the way; a service on loopback may not lead away from it.
test("plain http is accepted only for loopback, also in the service's own documents", async t => {
  await assert.rejects(connect({ authority: 'http://login.example' }), fails('sign_in_service_invalid', /https/))
  await assert.rejects(connect({ tenantId: '../x' }), fails('sign_in_service_invalid', /tenant/))
  const bad = createServer((_, response) => {
    const authority = `http://127.0.0.1:${(bad.address() as AddressInfo).port}`
    const issuer = `${authority}/${tenant}/v2.0`
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({ issuer, token_endpoint: 'http://login.example/token', authorization_endpoint: issuer }),
    )
  })
  t.after(() => bad.close())
  await new Promise<void>(resolve => bad.listen(0, '127.0.0.1', resolve))
  const authority = `http://127.0.0.1:${(bad.address() as AddressInfo).port}`
  await assert.rejects(connect({ authority }), fails('sign_in_service_invalid', /https/))
})

test('an outage, a dead port, another issuer and an unknown tenant are told apart', async t => {
  const own = await entraOf(t)
  const authority = own.url
  await assert.rejects(
    connect({ authority, tenantId: 'contoso.example' }),
    fails('sign_in_service_invalid', /status 400/),
  )
  await assert.rejects(connect({ authority, tenantId: 'common' }), fails('sign_in_service_invalid', /no usable answer/))
  own.down = true
  await assert.rejects(connect({ authority }), fails('sign_in_unreachable', /503/))
  await own.close()
  await assert.rejects(connect({ authority }), fails('sign_in_unreachable', /did not answer/))
})
