import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import type { EntraSimulator } from '@gatehouse/simulator'
import { claimsOf, entraOf, HandClock, tenant } from '../../../../simulator/src/entra/person.fixture.ts'
import {
  connectSignIn,
  openTokenCache,
  refreshBeforeMs,
  rememberedToken,
  type SignedIn,
  SignInError,
  type SignInSettings,
  signInWithPassword,
  stateDirectory,
  type TokenCache,
} from './index.ts'

const secret = 'eyJ-a-token-to-be-kept-secret'
let root: string
let directory: string
let cache: TokenCache
let warnings: string[]
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'gatehouse-cache-'))
})
beforeEach(async () => {
  directory = join(await mkdtemp(join(root, 'case-')), 'state', 'gatehouse')
  warnings = []
  cache = openTokenCache(directory, message => warnings.push(message))
})
after(() => rm(root, { recursive: true }))

const settings: SignInSettings = { authority: 'https://login.example', tenantId: tenant, clientId: 'c', scope: 's' }
const token: SignedIn = { accessToken: secret, expiresAtMs: 1, refreshToken: 'r', account: 'alice' }

function modeOf(path: string): Promise<number> {
  return stat(path).then(facts => facts.mode & 0o777)
}

function fails(code: string): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof SignInError, String(error))
    assert.equal(error.code, code)
    assert.equal(`${error.message}${error.next}`.includes(secret), false)
    return true
  }
}

// Tokens in a file that others can read are everyone's tokens.
test('tokens are kept in a file and a directory that only the user can read, and nothing is left next to it', async () => {
  await cache.put(settings, 'alice', token)
  assert.equal(await modeOf(join(directory, 'tokens.json')), 0o600)
  assert.equal(await modeOf(directory), 0o700)
  assert.deepEqual(await readdir(directory), ['tokens.json'])
  await chmod(directory, 0o755)
  await cache.put(settings, 'alice', token)
  assert.equal(await modeOf(directory), 0o700)
})

test('a file that others could read is refused, not used and not overwritten', async () => {
  await cache.put(settings, 'alice', token)
  const path = join(directory, 'tokens.json')
  for (const mode of [0o644, 0o640, 0o602]) {
    await chmod(path, mode)
    await assert.rejects(cache.of(settings), fails('token_file_exposed'))
    await assert.rejects(cache.put(settings, 'bob', token), fails('token_file_exposed'))
  }
  assert.ok((await readFile(path, 'utf8')).includes(secret))
})

test('a link, a directory or another obstacle in the place of the file is named', async () => {
  await mkdir(directory, { recursive: true })
  const path = join(directory, 'tokens.json')
  await writeFile(join(directory, 'elsewhere'), '{}', { mode: 0o600 })
  await symlink(join(directory, 'elsewhere'), path)
  await assert.rejects(cache.of(settings), fails('token_file_unusable'))
  await rm(path)
  await mkdir(path)
  await assert.rejects(cache.of(settings), fails('token_file_unusable'))
  const blocked = openTokenCache(join(directory, 'elsewhere', 'below'), () => {})
  await assert.rejects(blocked.put(settings, 'alice', token), fails('token_file_unusable'))
})

// After a crash of another program, or with an old version or an editor's file, the user signs in again and reads why.
test('a file of another form counts as empty, with a warning about it', async () => {
  await cache.put(settings, 'alice', token)
  const path = join(directory, 'tokens.json')
  const whole = await readFile(path, 'utf8')
  for (const text of ['', 'x', '[]', '{"version":2,"tokens":[]}', whole.slice(0, -10), whole.replace('"s"', '7')]) {
    await writeFile(path, text)
    warnings = []
    assert.deepEqual(await cache.of(settings), [])
    assert.match(warnings.join('\n'), /gatehouse login/)
    assert.equal(warnings.join().includes(secret), false)
  }
  await cache.put(settings, 'alice', token)
  assert.equal((await cache.of(settings)).length, 1)
})

// A token of one tenant, client or scope that is used for another is at best refused, and at worst leaks a right.
test('entries are kept apart by authority, tenant, client, scope and account', async () => {
  await cache.put(settings, 'alice', token)
  for (const change of [{ authority: 'https://other.example' }, { tenantId: 'other' }, { clientId: 'other' }]) {
    assert.deepEqual(await cache.of({ ...settings, ...change }), [])
  }
  await cache.put({ ...settings, scope: 'other' }, 'alice', { ...token, accessToken: 'a2' })
  await cache.put(settings, 'bob', { ...token, accessToken: 'b' })
  await cache.put(settings, 'alice', { ...token, accessToken: 'a3' })
  const found = (await cache.of(settings)).map(({ account, scope, accessToken }) => [account, scope, accessToken])
  assert.deepEqual(found, [
    ['alice', 's', 'a3'],
    ['bob', 's', 'b'],
    ['alice', 'other', 'a2'],
  ])
  await cache.forget(settings, 'alice')
  assert.deepEqual(
    (await cache.of(settings)).map(({ account }) => account),
    ['bob'],
  )
  await cache.forget()
  assert.deepEqual(await readdir(directory), [])
})

test('concurrent writers never leave half a file', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, at) => cache.put(settings, `person-${at}`, token)))
  assert.deepEqual(warnings, [])
  assert.ok((await cache.of(settings)).length >= 1)
  assert.deepEqual(await readdir(directory), ['tokens.json'])
})

test('the state directory follows XDG, and ignores a relative one', () => {
  assert.equal(stateDirectory({ XDG_STATE_HOME: '/x', HOME: '/h' }), '/x/gatehouse')
  assert.equal(stateDirectory({ XDG_STATE_HOME: 'x', HOME: '/h' }), '/h/.local/state/gatehouse')
  assert.equal(stateDirectory({ HOME: '/h' }), '/h/.local/state/gatehouse')
})

interface Remembering {
  readonly entra: EntraSimulator
  readonly clock: HandClock
  readonly settings: SignInSettings
  readonly first: string
}

/** A service of this test, where Alice has signed in. */
async function signedInAlice(t: TestContext): Promise<Remembering> {
  const clock = new HandClock()
  const entra = await entraOf(t, { clock: clock.now })
  const own = {
    authority: entra.url,
    tenantId: tenant,
    clientId: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    scope: 'https://cognitiveservices.azure.com/.default',
  }
  const client = await connectSignIn(own, { clock: clock.now })
  const first = await signInWithPassword(client, 'alice', 'alice-in-the-simulator')
  await cache.put(own, 'alice@contoso.example', first)
  return { entra, clock, settings: own, first: first.accessToken }
}

// A token that expires in flight fails a call that would have worked; signing in each time makes every command slow.
test('a remembered token is used until five minutes before its end, then renewed and kept', async t => {
  const { entra, clock, settings, first } = await signedInAlice(t)
  const remembered = () => rememberedToken(settings, null, { cache, clock: clock.now })
  clock.advance(3_600_000 - refreshBeforeMs - 1_000)
  entra.down = true
  assert.equal(await remembered(), first)
  entra.down = false
  clock.advance(1_000)
  const second = await remembered()
  assert.notEqual(second, first)
  entra.down = true
  assert.equal(await remembered(), second)
})

test('while the service is down a token is used until its very end, and then the outage is reported', async t => {
  const { entra, clock, settings, first } = await signedInAlice(t)
  const remembered = () => rememberedToken(settings, 'Alice@contoso.example', { cache, clock: clock.now })
  entra.down = true
  clock.advance(3_600_000 - 1_000)
  assert.equal(await remembered(), first)
  clock.advance(1_000)
  await assert.rejects(remembered(), fails('sign_in_unreachable'))
})

test('one sign-in serves every scope, and accounts are never confused', async t => {
  const { clock, settings } = await signedInAlice(t)
  const other = { ...settings, scope: 'https://ai.azure.com/.default' }
  const token = await rememberedToken(other, null, { cache, clock: clock.now })
  assert.equal(claimsOf(token).aud, 'https://ai.azure.com')
  assert.equal((await cache.of(settings)).length, 2)
  const bob = rememberedToken(settings, 'bob@contoso.example', { cache, clock: clock.now })
  await assert.rejects(bob, fails('not_signed_in'))
  clock.advance(91 * 24 * 3_600_000)
  await assert.rejects(rememberedToken(settings, null, { cache, clock: clock.now }), fails('not_signed_in'))
})
