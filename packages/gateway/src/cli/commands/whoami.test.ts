import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { createContext } from '../context.ts'
import { whoamiCommand } from './whoami.ts'

const tenant = '6f2b6c1e-3d0a-4b57-9c5e-0d2f8a7b1c34'

/** What it prints on a terminal of 80 columns for a token with these claims. */
async function shown(claims: Readonly<Record<string, unknown>>): Promise<string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const holder = { tid: tenant, oid: tenant, scp: 'user_impersonation', upn: 'zoe@contoso.example' }
  const token = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k' })}.${part({ ...holder, ...claims })}.c2lnbmVk`
  const directory = temporaryDirectory('whoami')
  let out = ''
  const stdout = { isTTY: true, columns: 80, write: (text: string) => (out += text) }
  const context = createContext({ options: () => ({}), env: { XDG_STATE_HOME: directory }, cwd: directory, stdout })
  await whoamiCommand({ ...context, token: async () => token }).parseAsync([], { from: 'user' })
  return out
}

// A rule of `callers` is written with these ids, and a token can list 200 of them.
test('whoami shows the groups and app roles of a token, bounded, and says why there are none', async () => {
  const groups = Array.from({ length: 200 }, (_, at) => `64000000-0000-4000-8000-${String(at).padStart(12, '0')}`)
  const many = await shown({ groups, roles: ['Research.Use', 'two\u001b[2J'] })
  for (const line of many.split('\n')) assert.ok(line.length <= 80, line)
  assert.deepEqual(many.match(/64000000-0000-4000-8000-\d{12}/g), groups.slice(0, 20))
  assert.match(many, /, and 180\s+more:\s+--json\s+shows\s+all\n/)
  assert.match(many, /^app roles +Research\.Use, two\?\[2J$/m)
  assert.match(await shown({}), /^groups +not in the token\napp roles +none$/m)
  assert.match(await shown({ groups: [] }), /^groups +none$/m)
  assert.match(await shown({ hasgroups: true }), /^groups +too many for the token/m)
})
