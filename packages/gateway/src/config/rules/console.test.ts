import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brief, changedBy, check } from './rules.fixture.ts'

const clientId = '22222222-2222-3333-4444-555555555555'
const other = '33333333-2222-3333-4444-555555555555'

const cases: readonly (readonly [guarantee: string, values: Readonly<Record<string, unknown>>, problem: string])[] = [
  [
    'a console beyond this machine has a public address',
    { 'admin/listen': '0.0.0.0:8081', 'admin/signIn': { clientId } },
    'conflict admin.signIn',
  ],
  ['the public address is https', { 'admin/publicUrl': 'http://gate.example' }, 'wrong_value admin.publicUrl'],
  ['the public address has no path', { 'admin/publicUrl': 'https://gate.example/x' }, 'wrong_value admin.publicUrl'],
  [
    'the console signs in with an accepted client',
    { 'identity/entra/clients': [other], 'admin/signIn': { clientId } },
    'conflict admin.signIn.clientId',
  ],
  [
    'the console signs in to an accepted tenant',
    { 'admin/signIn': { clientId, tenant: other } },
    'conflict admin.signIn.tenant',
  ],
  [
    'a session can be idle for its lifetime at most',
    { 'admin/signIn': { clientId, idleTimeout: '2h', lifetime: '1h' } },
    'conflict admin.signIn.idleTimeout',
  ],
  ['a client id is a GUID', { 'admin/signIn': { clientId: 'console' } }, 'wrong_value admin.signIn.clientId'],
  ['a sign-in has no other settings', { 'admin/signIn': { clientId, secret: 'x' } }, 'unknown_key admin.signIn.secret'],
]

for (const [guarantee, values, problem] of cases) {
  test(guarantee, async () => {
    assert.deepEqual(brief((await check(changedBy(values))).errors), [problem])
  })
}

test('a secret in the file itself is warned of, and not shown', async () => {
  const { warnings } = await check(changedBy({ 'admin/signIn': { clientId, clientSecret: 'c4n4ry-0123456789' } }))
  assert.deepEqual(brief(warnings), ['risk admin.signIn.clientSecret'])
  assert.doesNotMatch(JSON.stringify(warnings), /c4n4ry/)
})

test('a console on loopback, or with a public address, is accepted', async () => {
  for (const values of [
    { 'admin/signIn': { clientId } },
    { 'admin/listen': '[::1]:8081', 'admin/signIn': { clientId } },
    { 'admin/listen': '0.0.0.0:8081', 'admin/publicUrl': 'https://gate.example', 'admin/signIn': { clientId } },
  ]) {
    assert.deepEqual((await check(changedBy(values))).errors, [])
  }
})
