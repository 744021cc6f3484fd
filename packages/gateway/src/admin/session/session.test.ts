import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consoleClientId, demoDirectory } from '@gatehouse/simulator'
import { eventually } from '../../../../../test/support/wait.ts'
import { configSchema } from '../../config/schema/index.ts'
import { configInput, errorIn, sendTo } from '../house.fixture.ts'
import { Browser, startConsole } from './console.fixture.ts'
import { attemptCookiePrefix, sessionCookie } from './cookies.ts'

const minuteMs = 60_000

test('a person signs in with the browser, comes back to the page that was asked for, and reads as themselves', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  const before = await browser.send('/api/v1/whoami')
  assert.deepEqual([before.status, errorIn(before).code], [401, 'session_missing'])

  const page = await browser.begin('/records?outcome=failed')
  assert.equal(page.origin, console.entra.url)
  assert.equal(page.searchParams.get('client_id'), consoleClientId)
  assert.equal(page.searchParams.get('code_challenge_method'), 'S256')
  assert.equal(page.searchParams.get('redirect_uri'), `${console.admin.url}/signin/callback`)

  const answer = await browser.sendAs(await browser.choose(page, { person: 'carol' }), ['sec-fetch-site', 'cross-site'])
  assert.deepEqual([answer.status, answer.headers['location']], [303, '/records?outcome=failed'])
  const whoami = (await browser.send('/api/v1/whoami')).json as { caller: { displayName: string }; roles: string[] }
  assert.equal(whoami.caller.displayName, 'carol@contoso.example')
  assert.deepEqual(whoami.roles, ['viewer', 'auditor'])
})

// The browser, the page and the log are where tokens are stolen from.
test('neither an answer nor the log holds a token, and the log holds no cookie', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  const answers = [await browser.signIn('carol'), await browser.send('/api/v1/whoami'), await browser.send('/')]
  const signOut = await browser.send('/signout', { method: 'POST' })
  for (const { text, headers } of [...answers, signOut]) {
    assert.doesNotMatch(`${text}${JSON.stringify(headers)}`, /eyJ/)
  }
  const logged = JSON.stringify(console.logged)
  assert.doesNotMatch(logged, /eyJ/)
  for (const field of browser.setCookies) {
    const [, value = ''] = /=([^;.]*)/.exec(field) ?? []
    assert.ok(value === '' || !logged.includes(value))
  }
  assert.deepEqual(
    console.logged.map(({ event }) => event),
    ['signed_in', 'signed_out'],
  )
  assert.match(String(console.logged[0]?.fields['caller']), /^user:[\w-]+\/ca401000-/)
})

test('the cookie of a session is for this host alone, out of reach of scripts and of other sites', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  await browser.signIn('bob')
  const session = browser.setCookies.find(field => field.startsWith(`${sessionCookie}=`)) ?? ''
  assert.match(session, /^__Host-gatehouse-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/)
  const attempt = browser.setCookies.find(field => field.startsWith(attemptCookiePrefix)) ?? ''
  assert.match(attempt, /; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/)
})

// A planted cookie that stays valid after the sign-in would let the planter read as the victim.
test('a sign-in always gives a new session, and ends the one that the browser had', async t => {
  const console = await startConsole(t)
  const planted = 'A'.repeat(43)
  const browser = new Browser(console)
  browser.cookies.set(sessionCookie, planted)
  await browser.signIn('alice')
  assert.notEqual(browser.session, planted)
  const attacker = new Browser(console)
  attacker.cookies.set(sessionCookie, planted)
  assert.equal(errorIn(await attacker.send('/api/v1/whoami')).code, 'session_expired')

  const first = browser.session ?? ''
  await browser.signIn('alice')
  assert.notEqual(browser.session, first)
  attacker.cookies.set(sessionCookie, first)
  assert.equal(errorIn(await attacker.send('/api/v1/whoami')).code, 'session_expired')
})

// Whoever can set a second cookie must not decide which session counts.
test('two cookies of the same name count as none', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  await browser.signIn('bob')
  for (const other of ['B'.repeat(43), browser.session ?? '']) {
    const cookie = `${sessionCookie}=${other}; ${sessionCookie}=${browser.session}`
    const answer = await sendTo(console.admin.url, '/api/v1/whoami', { headers: ['cookie', cookie] })
    assert.deepEqual([answer.status, errorIn(answer).code], [401, 'session_missing'])
  }
})

test('a sign-in cannot be finished by another browser, with another state, twice, or too late', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  const path = await browser.choose(await browser.begin(), { person: 'bob' })

  const other = new Browser(console)
  assert.equal((await other.sendAs(path, [])).status, 400)
  await other.begin()
  assert.equal((await other.sendAs(path, [])).status, 400)
  assert.equal(other.session, null)
  const otherState = path.replace(/state=(.)/, (_, first) => `state=${first === 'A' ? 'B' : 'A'}`)
  assert.equal((await browser.sendAs(otherState, [])).status, 400)
  assert.equal((await browser.sendAs('/signin/callback?code=1.x', [])).status, 400)

  const cookies = new Map(browser.cookies)
  assert.equal((await browser.sendAs(path, [])).status, 303)
  const replayed = new Browser(console)
  for (const [name, value] of cookies) replayed.cookies.set(name, value)
  assert.equal((await replayed.sendAs(path, [])).status, 400)
  assert.equal(replayed.session, null)

  const late = await other.choose(await other.begin(), { person: 'bob' })
  console.advance(11 * minuteMs)
  assert.equal((await other.sendAs(late, [])).status, 400)
})

// Someone who opens the console in three tabs signs in in any of them.
test('several tabs can sign in at once, in any order', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  const pages = [await browser.begin('/a'), await browser.begin('/b'), await browser.begin('/c')]
  for (const page of pages.toReversed()) {
    const answer = await browser.sendAs(await browser.choose(page, { person: 'bob' }), [])
    assert.equal(answer.status, 303)
  }
  assert.equal((await browser.send('/api/v1/whoami')).status, 200)
})

test('a browser keeps six sign-ins at most', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  for (let at = 0; at < 9; at++) {
    console.advance(1_000)
    await browser.begin(`/tab/${at}`)
  }
  const left = [...browser.cookies.keys()].filter(name => name.startsWith(attemptCookiePrefix))
  assert.equal(left.length, 6)
})

// A link to our sign-in that ends elsewhere is what phishing needs.
test('a sign-in ends at a page of the console, never at another address', async t => {
  const console = await startConsole(t)
  const elsewhere = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/..//evil.example',
    '/./\\evil.example',
    '/\t/evil.example',
    '/%0d%0aset-cookie:x\r\n',
    'javascript:alert(1)',
    'evil',
    '/api/v1/records',
    '/signout',
    '/signin?return=/',
    `/${'x'.repeat(1_100)}`,
  ]
  for (const path of elsewhere) {
    const browser = new Browser(console)
    const answer = await browser.send(`/signin?return=${encodeURIComponent(path)}`)
    assert.deepEqual([answer.status, answer.headers['location']], [400, undefined], path)
  }
  // The path in the cookie is the browser's own: it is checked again.
  const browser = new Browser(console)
  const page = await browser.begin('/records')
  const [name = '', value = ''] = [...browser.cookies][0] ?? []
  const forged = `${value.split('.').slice(0, 2).join('.')}.${Buffer.from('//evil.example').toString('base64url')}`
  browser.cookies.set(name, forged)
  const answer = await browser.sendAs(await browser.choose(page, { person: 'bob' }), [])
  assert.deepEqual([answer.status, answer.headers['location']], [303, '/'])
})

// Another site, another port of this machine, or another name of the same site must not act with a person's session.
test('with a session, a change is taken from the own page alone', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  await browser.signIn('alice')
  const { url } = console.admin
  const path = '/api/v1/log/level?level=info'
  const field = ['x-gatehouse-console', '1']
  const forged: readonly (readonly string[])[] = [
    [],
    field,
    ['origin', url],
    ['origin', url, 'x-gatehouse-console', 'true'],
    ['origin', 'http://evil.example', ...field],
    ['origin', 'http://127.0.0.1:1', ...field],
    ['origin', url.replace('http:', 'https:'), ...field],
    ['origin', 'null', ...field],
    ['origin', url, ...field, 'sec-fetch-site', 'same-site'],
    ['origin', url, ...field, 'sec-fetch-site', 'cross-site'],
  ]
  for (const headers of forged) {
    const answer = await browser.sendAs(path, headers, { method: 'POST' })
    assert.deepEqual([answer.status, errorIn(answer).code], [403, 'request_forged'], headers.join(' '))
    assert.equal((await browser.sendAs('/signout', headers, { method: 'POST' })).status, 403)
  }
  assert.equal((await browser.send(path, { method: 'POST' })).status, 200)
  const read = await browser.sendAs('/api/v1/usage', ['sec-fetch-site', 'same-site'])
  assert.equal(errorIn(read).code, 'request_forged')
  const other = await browser.sendAs('/api/v1/usage', ['host', 'evil.example'])
  assert.deepEqual([other.status, errorIn(other).code], [421, 'host_not_allowed'])
})

test('a token counts where a request has a token and a session', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  await browser.signIn('carol')
  const bearer = ['authorization', `Bearer ${await console.entra.token({ as: 'dave' })}`]
  const { json } = await browser.sendAs('/api/v1/whoami', bearer)
  assert.equal((json as { caller: { displayName: string } }).caller.displayName, 'dave@contoso.example')
  const broken = await browser.sendAs('/api/v1/whoami', ['authorization', 'Bearer nonsense'])
  assert.equal(broken.status, 401)
  // Scripts have neither an origin nor the console's field.
  const script = ['authorization', `Bearer ${await console.entra.token({ as: 'alice' })}`]
  assert.equal((await browser.sendAs('/api/v1/log/reset', script, { method: 'POST' })).status, 200)
})

test('sign-out ends the session in every tab, and names the address that ends it at the service', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  await browser.signIn('bob')
  const tab = new Browser(console)
  tab.cookies.set(sessionCookie, browser.session ?? '')
  assert.equal((await tab.send('/api/v1/whoami')).status, 200)
  const { json } = await browser.send('/signout', { method: 'POST' })
  const end = new URL((json as { endSessionUrl: string }).endSessionUrl)
  assert.equal(`${end.origin}${end.pathname}`, `${console.entra.url}/${demoDirectory.tenantId}/oauth2/v2.0/logout`)
  assert.equal(end.searchParams.get('post_logout_redirect_uri'), `${console.admin.url}/`)
  assert.equal(browser.session, null)
  assert.equal(errorIn(await tab.send('/api/v1/whoami')).code, 'session_expired')
  assert.equal((await tab.send('/signout', { method: 'POST' })).status, 200)
})

test('a session ends when nothing was asked for the idle time, and after its lifetime in any case', async t => {
  const signIn = { clientId: consoleClientId, idleTimeout: '30m', lifetime: '2h' }
  const console = await startConsole(t, { admin: { signIn } })
  const idle = new Browser(console)
  const busy = new Browser(console)
  await idle.signIn('bob')
  await busy.signIn('bob')
  for (let at = 0; at < 5; at++) {
    console.advance(20 * minuteMs)
    assert.equal((await busy.send('/api/v1/whoami')).status, 200, String(at))
  }
  assert.equal(errorIn(await idle.send('/api/v1/whoami')).code, 'session_expired')
  console.advance(20 * minuteMs)
  const ended = await busy.send('/api/v1/whoami')
  assert.deepEqual([ended.status, errorIn(ended).code], [401, 'session_expired'])
})

// A token lasts about an hour; a person who works on should not notice.
test('a token is renewed in silence, once for all tabs that ask at the same time', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  await browser.signIn('bob')
  for (let hour = 0; hour < 4; hour++) {
    console.advance(56 * minuteMs)
    const answers = await Promise.all(Array.from({ length: 4 }, () => browser.send('/api/v1/whoami')))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    )
  }
  console.advance(56 * minuteMs)
  console.entra.down = true
  assert.equal((await browser.send('/api/v1/whoami')).status, 200, 'the token is good for some minutes')
  console.advance(5 * minuteMs)
  const answer = await browser.send('/api/v1/whoami')
  assert.deepEqual([answer.status, errorIn(answer).code], [503, 'sessions_unavailable'])
  console.entra.down = false
  assert.equal((await browser.send('/api/v1/whoami')).status, 200, 'the session outlives an outage')
})

test('beyond the bound, the session that was idle longest ends', async t => {
  const console = await startConsole(t, { admin: { signIn: { clientId: consoleClientId, sessionsMax: 2 } } })
  const browsers = [new Browser(console), new Browser(console), new Browser(console)]
  const [first, second, third] = browsers as [Browser, Browser, Browser]
  await first.signIn('bob')
  await second.signIn('bob')
  await first.send('/api/v1/whoami')
  await third.signIn('bob')
  const states = await Promise.all(browsers.map(async browser => (await browser.send('/api/v1/whoami')).status))
  assert.deepEqual(states, [200, 401, 200])
})

test('a refusal of the sign-in service, and an outage of it, are pages that say what to do', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  const cancelled = await browser.sendAs(await browser.choose(await browser.begin(), { cancel: '1' }), [])
  assert.equal(cancelled.status, 403)
  assert.match(cancelled.text, /Try again/)
  assert.match(String(cancelled.headers['content-security-policy']), /default-src 'none'/)
  const other = await startConsole(t)
  other.entra.down = true
  const away = await new Browser(other).send('/signin')
  assert.equal(away.status, 503)
  assert.match(away.text, /did not answer/)
  other.entra.down = false
  assert.equal((await new Browser(other).send('/signin')).status, 303, 'the next attempt reads the documents again')
})

test('a web registration with a secret works as well', async t => {
  const secret = 'secret-of-the-console-in-tests'
  const applications = demoDirectory.applications.map(one => (one.appId === consoleClientId ? { ...one, secret } : one))
  const directory = { ...demoDirectory, applications }
  const signIn = { clientId: consoleClientId, clientSecret: secret }
  const console = await startConsole(t, { directory, admin: { signIn } })
  const browser = new Browser(console)
  await browser.signIn('bob')
  assert.equal((await browser.send('/api/v1/whoami')).status, 200)
  console.advance(58 * minuteMs)
  assert.equal((await browser.send('/api/v1/whoami')).status, 200)

  const wrong = await startConsole(t, { directory, admin: { signIn: { ...signIn, clientSecret: 'another' } } })
  const answer = await new Browser(wrong).signIn('bob')
  assert.equal(answer.status, 403)
  assert.doesNotMatch(answer.text + JSON.stringify(wrong.logged), /another|secret-of-the-console/)
})

test('without admin.signIn the console says how to set it up, and tokens work', async t => {
  const console = await startConsole(t, { admin: { signIn: undefined } })
  const browser = new Browser(console)
  const page = await browser.send('/signin')
  assert.equal(page.status, 404)
  assert.match(page.text, /signIn: \{ clientId/)
  assert.equal(errorIn(await browser.send('/api/v1/whoami')).code, 'token_missing')
  const bearer = ['authorization', `Bearer ${await console.entra.token({ as: 'bob' })}`]
  assert.equal((await browser.sendAs('/api/v1/whoami', bearer)).status, 200)
})

test('behind a proxy, the configured public address counts', async t => {
  const publicUrl = 'https://gatehouse.contoso.example'
  const console = await startConsole(t, { admin: { publicUrl } })
  const browser = new Browser(console)
  const page = await browser.begin()
  assert.equal(page.searchParams.get('redirect_uri'), `${publicUrl}/signin/callback`)
  const host = ['host', 'gatehouse.contoso.example']
  assert.equal((await browser.sendAs('/healthz', host)).status, 200)
  assert.equal((await browser.sendAs('/healthz', ['host', 'evil.example'])).status, 421)
})

// Whoever signs out on a shared computer leaves no stream open that still shows records.
test('a live stream ends with its session, and does not make the session last', async t => {
  const console = await startConsole(t, { admin: { signIn: { clientId: consoleClientId, idleTimeout: '10m' } } })
  const browser = new Browser(console)
  await browser.signIn('carol')
  const untilSignOut = browser.send('/api/v1/live')
  await eventually('it is open', () => (console.ledger.asked.length > 0 ? true : null))
  assert.equal((await browser.send('/signout', { method: 'POST' })).status, 200)
  assert.equal((await untilSignOut).status, 200)

  await browser.signIn('carol')
  const untilIdle = browser.send('/api/v1/live?events=feeds')
  assert.equal((await browser.send('/api/v1/whoami')).status, 200)
  console.advance(11 * minuteMs)
  assert.equal((await untilIdle).status, 200)
  assert.equal(errorIn(await browser.send('/api/v1/whoami')).code, 'session_expired')
})

test('a live stream and a waiting tail end when a role is taken away', async t => {
  const console = await startConsole(t)
  const browser = new Browser(console)
  await browser.signIn('bob')
  const { cursor } = (await browser.send('/api/v1/records')).json as { cursor: string }
  const ending = [browser.send('/api/v1/live'), browser.send(`/api/v1/records/tail?after=${cursor}`)]
  const asked = console.ledger.asked.length
  await eventually('both are open', () => (console.ledger.asked.length > asked + 1 ? true : null))
  const { roles } = configSchema.parse({ ...configInput, admin: {} }).admin
  console.config = { ...console.config, admin: { ...console.config.admin, roles } }
  for (const answer of await Promise.all(ending)) assert.equal(answer.status, 200)
  assert.equal((await browser.send('/api/v1/live')).status, 403)
})
